/**
 * What people type where they have no answer, as it looks after folding and without punctuation. Our own list, reviewed
 * 2026-12-01 with the forms that CRMs, web forms and integrations fill in by themselves. A policy adds its own words
 * (`alsoBlank`, `alsoNobodys`). Add a word here when it can be no answer in any field of its group.
 */

/** No answer in any field, and no name of anybody or anything. */
const EVERYWHERE = {
  English: `not provided|not available|not applicable|not given|not specified|not known|not stated|not disclosed|not set|
    not entered|not supplied|not listed|not found|not sure|no data|no value|no answer|no information|no info|no entry|
    no response|to be determined|to be confirmed|to be advised|to be provided|to be completed|to be defined|to be decided|
    tbd|tbc|unknown|n a|n k|undefined|leave blank|left blank|none given|none provided|none selected|please update|
    please fill in|please select|please choose|select one|choose one|dont know|do not know|i dont know|idk|placeholder|
    select country|select a country|select your country|choose country|choose a country|choose your country|select state|
    select a state|select an option|select option|choose an option|pick one|redacted|anonymized|anonymised|
    unspecified|undisclosed|unavailable|prefer not to say|asdf|asdfgh|asdfasdf|asdfghjkl|qwerty|qwertz|lorem ipsum`,
  German: `unbekannt|keine angabe|keine angaben|k a|nicht angegeben|nicht bekannt|nicht vorhanden|nicht verfugbar|
    wird nachgereicht|entfallt|anonymisiert|bitte land wahlen|
    nicht zutreffend|ohne angabe|ohne angaben|bitte auswahlen|bitte wahlen|trifft nicht zu`,
  Spanish: `no proporcionado|no proporcionada|no disponible|no especificado|no especificada|no aplica|desconocido|desconocida|
    sin datos|sin dato|sin informacion|sin especificar|no definido|no indicado|no facilitado|se desconoce|seleccione una opcion|seleccione un pais|seleccione pais`,
  French: `non fourni|non fournie|non renseigne|non renseignee|non communique|non communiquee|non disponible|non specifie|
    selectionnez un pays|choisissez un pays|choisissez une option|non applicable|inconnu|inconnue|pas fourni|non precise|sans objet|a completer|a definir|non defini`,
  Italian: `non fornito|non fornita|non disponibile|non specificato|sconosciuto|sconosciuta|non applicabile|nessun dato|
    non indicato|non pervenuto|da definire`,
  Portuguese: `nao fornecido|nao fornecida|nao informado|nao informada|nao disponivel|nao especificado|nao aplicavel|
    selecione uma opcao|selecione um pais|desconhecido|desconhecida|sem informacao|sem dados|nao consta|nao se aplica|nao definido`,
  Dutch: `niet opgegeven|niet beschikbaar|niet van toepassing|niet bekend|niet ingevuld|onbekend|nvt|n v t`,
  Nordic: `okand|ej angivet|ej angiven|uppgift saknas|ukendt|ikke angivet|ikke oplyst|ukjent|ikke oppgitt|tuntematon|
    ei tiedossa|ei ilmoitettu`,
  'Central Europe': `nieznany|nieznana|nie podano|brak danych|nie dotyczy|neuvedeno|neznamy|neznama|nezname|neuvedene|
    ismeretlen|nincs megadva|necunoscut|nespecificat`,
  Turkish: `bilinmiyor|belirtilmemis|belirtilmedi`,
  Greek: `αγνωστο|αγνωστος|δεν δοθηκε`,
  Cyrillic: `неизвестно|неизвестный|не указано|не указан|не указана|нет данных|невідомо|не вказано|няма данни`,
  'Chinese, Japanese, Korean': `不明|未入力|未設定|未記入|未定|該当なし|なし|未知|未提供|無し|無回答|不详|不詳|未填写|未填|暂无|无|無|미입력|미상|
    알 수 없음|없음|해당없음|해당 없음`,
} as const

/** No answer in a field that names no person: Null, None, Blank and Na are surnames. */
const NO_NAME_OF_A_THING = `none|null|nil|tba|empty|blank|missing|dummy|nan|nothing|keine|kein|keiner|ninguno|ninguna|aucun|aucune|
  nessuno|nessuna|nenhum|nenhuma|geen|brak|nincs|yok|нет|немає`

/** No company, address or number, though they may answer other questions ("Test" is a department). */
const NO_IDENTITY = `na|no|test|unknown company|company unknown|unknown organization|unknown organisation|unknown account|company not provided|
  no company provided|unknown name|testing|test test|tester|test company|test account|test contact|test lead|company|company name|
  my company|your company|no company|no company name|no name|noname|sample|sample company|example|example company|demo company|
  fake|fake company|foo|foo bar|foobar|abcd|no email|no mail|noemail|nomail|no e mail|no phone|no phone number|no number|
  nophone|no website|no web site|no domain|keine e mail|keine email|kein telefon|sin correo|sin telefono|sin empresa|
  sans email|sans telephone|sem email|sem telefone|declined|refused|does not have one|doesnt have one`

/** Names of no person. A word that is somebody's surname (Test, Guest, Blank, Null, Na) is here only beside another. */
const NO_PERSON = `no name|noname|no first name|no last name|no lastname|no firstname|last name|lastname|first name|firstname|surname|
  full name|fname|lname|your name|name unknown|unknown unknown|unknown unknown unknown|unknown contact|unknown lead|
  unknown caller|unknown name|unknown user|unknown person|anonymous|anonymous anonymous|anonym|anonyme|anonimo|anonymous user|
  test test|test user|test lead|test contact|test person|test account|test testing|test tester|tester tester|fake name|
  ohne namen|kein name|sin nombre|sin apellido|sin apellidos|sans nom|senza nome|sem nome|website visitor|web visitor|
  lnu|fnu|fnu lnu|first last|accounts payable|accounts receivable|customer service|customer support|customer care|front desk|human resources|
  sales team|sales department|sales dept|marketing team|marketing department|purchasing department|purchasing dept|info info|
  decision maker|key contact|main contact|primary contact|billing contact|to whom it may concern|admin admin|
  null null|none none|na na|dummy dummy|none provided`

/** What country pickers show before anything is chosen, and ISO's code for a country that is not known. */
const NO_COUNTRY = `select|choose|country|zz|xx|wahlen|auswahlen|seleccione|seleccionar|selectionnez|choisir|choisissez|selecione|selecionar|
  seleziona|selezionare|kies|valj|velg|vaelg|wybierz|vyberte|seciniz`

/** Where no number is given, and nobody says why. */
const NO_PHONE = `unlisted|withheld|unpublished|ex directory|private number|number withheld|unterdruckt|geheim`

/** What somebody is who has no company to name. It is an answer, and strangers share it. */
const NO_COMPANY = `self|self employed|selfemployed|self employment|freelance|freelancer|freelancing|independent|individual|private|private person|
  private individual|student|retired|consultant|independent consultant|unemployed|home|personal|household|homeowner|home office|sole proprietor|
  sole trader|freiberuflich|freiberufler|freiberuflerin|selbststandig|selbstandig|privat|privatperson|privatkunde|rentner|arbeitslos|
  particulier|independant|etudiant|retraite|autonomo|particular|estudiante|jubilado|jubilada|independiente|libero professionista|privato|
  studente|pensionato|pessoa fisica|aposentado|estudante|zzp|zzper|egenforetagare`

export const PLACEHOLDER_WORDS = {
  everywhere: setOf(Object.values(EVERYWHERE).join('|')),
  noThing: setOf(NO_NAME_OF_A_THING),
  noIdentity: setOf(NO_IDENTITY),
  noPerson: setOf(NO_PERSON),
  noCountry: setOf(NO_COUNTRY),
  noPhone: setOf(NO_PHONE),
  noCompany: setOf(NO_COMPANY),
} as const

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split('|').map((word) => word.trim()))
}
