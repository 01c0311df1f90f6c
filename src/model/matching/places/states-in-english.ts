/**
 * English and common names of states that ISO 3166-2 lists in the country's own language only, by country: code, names. Of
 * countries without a list of their own in `state-aliases.ts`. Reviewed by hand 2026-12-01.
 */
export const STATES_IN_ENGLISH: Readonly<Record<string, string>> = {
  AE: 'DU Dubai, AZ Abu Dhabi, SH Sharjah',
  AT: '2 Carinthia, 3 Lower Austria, 4 Upper Austria, 6 Styria, 7 Tyrol, 9 Vienna',
  BE: 'BRU Brussels|Bruxelles|Brussel, VLG Flanders|Flandern|Vlaanderen, WAL Wallonia|Wallonie, VAN Antwerp, VOV East Flanders, VWV West Flanders',
  CH: 'GE Geneva|Genf, GR Grisons|Graubünden, FR Freiburg, LU Lucerne, NE Neuenburg, SG Saint Gall|Sankt Gallen, TI Tessin, VD Waadt, VS Wallis',
  ES: 'AN Andalusia, AR Aragon, AS Asturias, CL Castile and León, CM Castile-La Mancha, CN Canary Islands, CT Catalonia|Cataluña|Catalunya, IB Balearic Islands, NC Navarre, PV Basque Country|País Vasco|Euskadi, VC Valencian Community',
  FR: 'BRE Brittany, NOR Normandy, 20R Corsica, 75C Paris',
  KR: '11 Seoul, 26 Busan|Pusan, 27 Daegu, 28 Incheon, 29 Gwangju, 30 Daejeon, 41 Gyeonggi',
  NL: 'FR Frisia, NB North Brabant, NH North Holland, ZH South Holland',
  PL: '02 Lower Silesia, 12 Lesser Poland, 14 Masovia|Mazovia, 24 Silesia, 30 Greater Poland',
  SE: 'AB Stockholm, M Skåne, O Västra Götaland, C Uppsala',
}
