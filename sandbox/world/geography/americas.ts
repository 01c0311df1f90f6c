import { type Country, country, northAmericanPlan, phonePlan } from './country.ts'

const US_AREAS =
  '212 213 214 303 305 312 313 314 404 408 412 415 503 504 512 602 612 614 615 617 619 702 704 713 716 719 720 801 804 808 813 816 832 858 901 904 916 919 972 973'
const CA_AREAS = '416 604 514 403 613 780 902 306 204 506 250 418 519 905'

/** Where Brightwater sells in North and Latin America. */
export const AMERICAS: readonly Country[] = [
  country(
    'US',
    'United States',
    'en',
    'Austin|Denver|Chicago|Portland|Atlanta|Boston|San Diego|Columbus',
    'com com io',
    northAmericanPlan(US_AREAS),
    'America/Denver',
    18,
  ),
  country(
    'CA',
    'Canada',
    'en',
    'Toronto|Vancouver|Montréal|Calgary|Ottawa|Québec',
    'ca com',
    northAmericanPlan(CA_AREAS),
    'America/Toronto',
    5,
  ),
  country(
    'BR',
    'Brazil|Brasil',
    'pt',
    'São Paulo|Rio de Janeiro|Belo Horizonte|Porto Alegre',
    'com.br',
    phonePlan('55', '', '113####### 213####### 313####### 513#######', '1199####### 2199####### 3199#######'),
    'America/Sao_Paulo',
    5,
  ),
  country(
    'MX',
    'Mexico|México',
    'es',
    'Ciudad de México|Guadalajara|Monterrey',
    'com.mx mx',
    phonePlan('52', '', '555####### 333####### 818#######', '555####### 333#######'),
    'America/Mexico_City',
    3,
  ),
  country(
    'AR',
    'Argentina',
    'es',
    'Buenos Aires|Córdoba|Rosario',
    'com.ar',
    phonePlan('54', null, '114####### 3514######', '9115#######'),
    'America/Argentina/Buenos_Aires',
    2,
  ),
  country(
    'CL',
    'Chile',
    'es',
    'Santiago|Valparaíso|Concepción',
    'cl',
    phonePlan('56', '', '222######', '998######'),
    'America/Santiago',
    2,
  ),
  country(
    'CO',
    'Colombia',
    'es',
    'Bogotá|Medellín|Cali',
    'com.co',
    phonePlan('57', '', '6016###### 6044######', '310#######'),
    'America/Bogota',
    2,
  ),
]
