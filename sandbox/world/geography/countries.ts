import { AMERICAS } from './americas.ts'
import { ASIA_PACIFIC } from './asia-pacific.ts'
import { type Country, country, phonePlan } from './country.ts'
import { EUROPE } from './europe.ts'

/** Every country in which Brightwater sells. The order decides what each seed generates. */
export const COUNTRIES: readonly Country[] = [...AMERICAS, ...EUROPE, ...ASIA_PACIFIC]

/** No Brightwater territory covers these countries, so no routing rule matches their leads. */
export const UNCOVERED: readonly Country[] = [
  country(
    'ZA',
    'South Africa',
    'en',
    'Johannesburg|Cape Town|Durban',
    'co.za',
    phonePlan('27', '0', '115###### 214######', '823######'),
    'Africa/Johannesburg',
    1,
  ),
  country(
    'SG',
    'Singapore',
    'en',
    'Singapore',
    'com.sg',
    phonePlan('65', '', '63###### 67######', '91###### 81######'),
    'Asia/Singapore',
    1,
  ),
]
