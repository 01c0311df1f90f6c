/** Where the companies of the sandbox are: how their country is written, their towns and their telephone numbers. */
export type Country = {
  readonly iso: string
  /** Ways in which people write it: ISO code, English, its own languages. Each names exactly this country. */
  readonly spellings: readonly string[]
  readonly language: Language
  readonly cities: readonly string[]
  readonly tlds: readonly string[]
  readonly phone: PhonePlan
  readonly timeZone: string
  /** How many of 100 organisations are from here. */
  readonly weight: number
}

export type Language =
  | 'en'
  | 'de'
  | 'fr'
  | 'nl'
  | 'sv'
  | 'no'
  | 'da'
  | 'fi'
  | 'es'
  | 'pt'
  | 'it'
  | 'pl'
  | 'cs'
  | 'hu'
  | 'ro'
  | 'el'
  | 'ja'

export type PhonePlan = {
  readonly calling: string
  /** What is dialled before the number at home; null where national writing is ambiguous, then it is not used. */
  readonly trunk: string | null
  /** National numbers, `#` is any digit. Where a regulator keeps a range for fiction, it is that range. */
  readonly fixed: readonly string[]
  readonly mobile: readonly string[]
}

const US_AREAS =
  '212 213 214 303 305 312 313 314 404 408 412 415 503 504 512 602 612 614 615 617 619 702 704 713 716 719 720 801 804 808 813 816 832 858 901 904 916 919 972 973'
const CA_AREAS = '416 604 514 403 613 780 902 306 204 506 250 418 519 905'
const northAmerica = (areas: string): PhonePlan => {
  const numbers = areas.split(' ').map((area) => `${area}55501##`)
  return { calling: '1', trunk: '', fixed: numbers, mobile: numbers }
}
const plan = (calling: string, trunk: string | null, fixed: string, mobile: string): PhonePlan => ({
  calling,
  trunk,
  fixed: fixed.split(' '),
  mobile: mobile.split(' '),
})

function country(
  iso: string,
  spellings: string,
  language: Language,
  cities: string,
  tlds: string,
  phone: PhonePlan,
  timeZone: string,
  weight: number,
): Country {
  return {
    iso,
    spellings: [iso, ...spellings.split('|')],
    language,
    cities: cities.split('|'),
    tlds: tlds.split(' '),
    phone,
    timeZone,
    weight,
  }
}

export const COUNTRIES: readonly Country[] = [
  country(
    'US',
    'United States',
    'en',
    'Austin|Denver|Chicago|Portland|Atlanta|Boston|San Diego|Columbus',
    'com com io',
    northAmerica(US_AREAS),
    'America/Denver',
    18,
  ),
  country(
    'CA',
    'Canada',
    'en',
    'Toronto|Vancouver|Montréal|Calgary|Ottawa|Québec',
    'ca com',
    northAmerica(CA_AREAS),
    'America/Toronto',
    5,
  ),
  country(
    'BR',
    'Brazil|Brasil',
    'pt',
    'São Paulo|Rio de Janeiro|Belo Horizonte|Porto Alegre',
    'com.br',
    plan('55', '', '113####### 213####### 313####### 513#######', '1199####### 2199####### 3199#######'),
    'America/Sao_Paulo',
    5,
  ),
  country(
    'MX',
    'Mexico|México',
    'es',
    'Ciudad de México|Guadalajara|Monterrey',
    'com.mx mx',
    plan('52', '', '555####### 333####### 818#######', '555####### 333#######'),
    'America/Mexico_City',
    3,
  ),
  country(
    'AR',
    'Argentina',
    'es',
    'Buenos Aires|Córdoba|Rosario',
    'com.ar',
    plan('54', null, '114####### 3514######', '9115#######'),
    'America/Argentina/Buenos_Aires',
    2,
  ),
  country(
    'CL',
    'Chile',
    'es',
    'Santiago|Valparaíso|Concepción',
    'cl',
    plan('56', '', '222######', '998######'),
    'America/Santiago',
    2,
  ),
  country(
    'CO',
    'Colombia',
    'es',
    'Bogotá|Medellín|Cali',
    'com.co',
    plan('57', '', '6016###### 6044######', '310#######'),
    'America/Bogota',
    2,
  ),
  country(
    'GB',
    'United Kingdom',
    'en',
    'London|Manchester|Bristol|Leeds|Glasgow|Birmingham',
    'co.uk co.uk com',
    plan(
      '44',
      '0',
      '2079460### 1614960### 1314960### 1214960### 1174960### 1134960### 1414960### 1514960### 1914980###',
      '74001#####',
    ),
    'Europe/London',
    8,
  ),
  country(
    'IE',
    'Ireland|Éire',
    'en',
    'Dublin|Cork|Galway',
    'ie',
    plan('353', '0', '18###### 214######', '87#######'),
    'Europe/Dublin',
    3,
  ),
  country(
    'DE',
    'Germany|Deutschland',
    'de',
    'Berlin|Hamburg|München|Köln|Frankfurt am Main|Düsseldorf|Nürnberg',
    'de',
    plan('49', '0', '3023125### 6990009### 4066969### 2214710### 8999998###', '1511#######'),
    'Europe/Berlin',
    10,
  ),
  country(
    'AT',
    'Austria|Österreich',
    'de',
    'Wien|Graz|Linz|Salzburg',
    'at',
    plan('43', '0', '15###### 316###### 732######', '664#######'),
    'Europe/Vienna',
    3,
  ),
  country(
    'CH',
    'Switzerland|Schweiz|Suisse',
    'de',
    'Zürich|Bern|Basel|Genève',
    'ch',
    plan('41', '0', '443###### 223###### 313######', '791######'),
    'Europe/Zurich',
    3,
  ),
  country(
    'FR',
    'France',
    'fr',
    'Paris|Lyon|Nantes|Bordeaux|Saint-Étienne|Besançon',
    'fr',
    plan('33', '0', '19900#### 26191#### 35301#### 46571#### 53649####', '6121#####'),
    'Europe/Paris',
    7,
  ),
  country(
    'NL',
    'Netherlands|Nederland',
    'nl',
    'Amsterdam|Rotterdam|Utrecht|Eindhoven|Groningen',
    'nl',
    plan('31', '0', '205###### 104###### 307######', '612######'),
    'Europe/Amsterdam',
    4,
  ),
  country(
    'BE',
    'Belgium|België|Belgique',
    'nl',
    'Brussel|Antwerpen|Gent|Liège',
    'be',
    plan('32', '0', '25###### 32######', '470######'),
    'Europe/Brussels',
    2,
  ),
  country(
    'LU',
    'Luxembourg',
    'fr',
    'Luxembourg|Esch-sur-Alzette',
    'lu',
    plan('352', '', '26###### 27######', '621######'),
    'Europe/Luxembourg',
    1,
  ),
  country(
    'SE',
    'Sweden|Sverige',
    'sv',
    'Stockholm|Göteborg|Malmö|Örebro|Västerås',
    'se',
    plan('46', '0', '85###### 313900###', '70174####'),
    'Europe/Stockholm',
    3,
  ),
  country(
    'NO',
    'Norway|Norge',
    'no',
    'Oslo|Bergen|Trondheim|Tromsø|Ålesund',
    'no',
    plan('47', '', '22###### 55###### 73######', '412##### 922#####'),
    'Europe/Oslo',
    2,
  ),
  country(
    'DK',
    'Denmark|Danmark',
    'da',
    'København|Aarhus|Odense|Helsingør|Køge',
    'dk',
    plan('45', '', '331##### 332##### 333##### 861##### 862#####', '201##### 311##### 312#####'),
    'Europe/Copenhagen',
    2,
  ),
  country(
    'FI',
    'Finland|Suomi',
    'fi',
    'Helsinki|Tampere|Jyväskylä|Hämeenlinna',
    'fi',
    plan('358', '0', '942##### 33#####', '401######'),
    'Europe/Helsinki',
    2,
  ),
  country(
    'ES',
    'Spain|España',
    'es',
    'Madrid|Barcelona|València|Málaga|A Coruña',
    'es',
    plan('34', '', '915###### 934###### 963######', '611######'),
    'Europe/Madrid',
    4,
  ),
  country(
    'PT',
    'Portugal',
    'pt',
    'Lisboa|Porto|Setúbal|Évora',
    'pt',
    plan('351', '', '213###### 222######', '912######'),
    'Europe/Lisbon',
    2,
  ),
  country(
    'IT',
    'Italy|Italia',
    'it',
    'Milano|Roma|Torino|Bologna|Forlì',
    'it',
    plan('39', '', '0669###### 0276###### 0115######', '347#######'),
    'Europe/Rome',
    4,
  ),
  country(
    'PL',
    'Poland|Polska',
    'pl',
    'Warszawa|Kraków|Łódź|Wrocław|Poznań|Gdańsk',
    'pl com.pl',
    plan('48', '', '226###### 126###### 616######', '501###### 601######'),
    'Europe/Warsaw',
    3,
  ),
  country(
    'CZ',
    'Czechia|Česko',
    'cs',
    'Praha|Brno|Plzeň|Ústí nad Labem',
    'cz',
    plan('420', '', '222###### 541######', '602###### 731######'),
    'Europe/Prague',
    2,
  ),
  country(
    'HU',
    'Hungary|Magyarország',
    'hu',
    'Budapest|Győr|Pécs|Székesfehérvár',
    'hu',
    plan('36', '06', '13###### 52###### 62######', '304######'),
    'Europe/Budapest',
    2,
  ),
  country(
    'RO',
    'Romania|România',
    'ro',
    'București|Cluj-Napoca|Timișoara|Iași',
    'ro',
    plan('40', '0', '213###### 264######', '722######'),
    'Europe/Bucharest',
    1,
  ),
  country(
    'GR',
    'Greece|Ελλάδα',
    'el',
    'Αθήνα|Θεσσαλονίκη|Πάτρα|Ηράκλειο',
    'gr',
    plan('30', '', '2106###### 2310###### 2103######', '694#######'),
    'Europe/Athens',
    2,
  ),
  country(
    'JP',
    'Japan|日本',
    'ja',
    '東京|大阪|名古屋|福岡|札幌',
    'co.jp jp',
    plan('81', '0', '35####### 66####### 522######', '9034######'),
    'Asia/Tokyo',
    5,
  ),
  country(
    'AU',
    'Australia',
    'en',
    'Sydney|Melbourne|Brisbane|Perth|Adelaide',
    'com.au',
    plan('61', '0', '25550#### 35550#### 75550#### 85550####', '49157####'),
    'Australia/Sydney',
    4,
  ),
  country(
    'NZ',
    'New Zealand',
    'en',
    'Auckland|Wellington|Christchurch',
    'co.nz',
    plan('64', '0', '93###### 44###### 33######', '274######'),
    'Pacific/Auckland',
    2,
  ),
]

/** Nobody at Brightwater covers these: their leads fall through every rule. */
export const UNCOVERED: readonly Country[] = [
  country(
    'ZA',
    'South Africa',
    'en',
    'Johannesburg|Cape Town|Durban',
    'co.za',
    plan('27', '0', '115###### 214######', '823######'),
    'Africa/Johannesburg',
    1,
  ),
  country(
    'SG',
    'Singapore',
    'en',
    'Singapore',
    'com.sg',
    plan('65', '', '63###### 67######', '91###### 81######'),
    'Asia/Singapore',
    1,
  ),
]

export const FREE_MAIL: Readonly<Record<Language, readonly string[]>> = {
  en: ['gmail.com', 'outlook.com', 'yahoo.com', 'hotmail.com', 'icloud.com'],
  de: ['gmx.de', 'web.de', 'gmail.com', 't-online.de'],
  fr: ['orange.fr', 'free.fr', 'gmail.com', 'laposte.net'],
  nl: ['gmail.com', 'hotmail.com', 'ziggo.nl'],
  sv: ['gmail.com', 'hotmail.com', 'outlook.com'],
  no: ['gmail.com', 'hotmail.com', 'outlook.com'],
  da: ['gmail.com', 'hotmail.com', 'outlook.com'],
  fi: ['gmail.com', 'hotmail.com', 'outlook.com'],
  es: ['gmail.com', 'hotmail.com', 'yahoo.es'],
  pt: ['gmail.com', 'hotmail.com', 'sapo.pt'],
  it: ['libero.it', 'gmail.com', 'virgilio.it'],
  pl: ['wp.pl', 'o2.pl', 'gmail.com', 'onet.pl'],
  cs: ['seznam.cz', 'gmail.com', 'centrum.cz'],
  hu: ['freemail.hu', 'gmail.com'],
  ro: ['gmail.com', 'yahoo.com'],
  el: ['gmail.com', 'yahoo.gr'],
  ja: ['gmail.com', 'yahoo.co.jp'],
}
