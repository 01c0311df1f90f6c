import { type Country, country, phonePlan } from './country.ts'

/** Where Brightwater sells in Asia and the Pacific. */
export const ASIA_PACIFIC: readonly Country[] = [
  country(
    'JP',
    'Japan|日本',
    'ja',
    '東京|大阪|名古屋|福岡|札幌',
    'co.jp jp',
    phonePlan('81', '0', '35####### 66####### 522######', '9034######'),
    'Asia/Tokyo',
    5,
  ),
  country(
    'AU',
    'Australia',
    'en',
    'Sydney|Melbourne|Brisbane|Perth|Adelaide',
    'com.au',
    phonePlan('61', '0', '25550#### 35550#### 75550#### 85550####', '49157####'),
    'Australia/Sydney',
    4,
  ),
  country(
    'NZ',
    'New Zealand',
    'en',
    'Auckland|Wellington|Christchurch',
    'co.nz',
    phonePlan('64', '0', '93###### 44###### 33######', '274######'),
    'Pacific/Auckland',
    2,
  ),
]
