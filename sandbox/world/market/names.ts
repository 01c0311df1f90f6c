import type { Language } from '../geography/country.ts'

/** A word in its own script, and in ASCII for addresses and domains. */
export type Written = { readonly native: string; readonly ascii: string }

const SPECIAL: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  æ: 'ae',
  å: 'a',
  ł: 'l',
  đ: 'd',
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  þ: 'th',
  ı: 'i',
}

/** Lower-case ASCII letters and digits, for addresses and domains. */
export function toAscii(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFC')
    .replace(/[ßøæåłđäöüþı]/g, (letter) => SPECIAL[letter]!)
    .normalize('NFD')
    .replace(/[^a-z0-9]/g, '')
}

function words(text: string): readonly Written[] {
  return text.split(' ').map((word) => {
    const [native = '', ascii] = word.split('/')
    return { native, ascii: ascii ?? toAscii(native) }
  })
}

type Wording = {
  readonly first: readonly Written[]
  readonly last: readonly Written[]
  /** What the company does; follows its brand, without a blank in Japanese. */
  readonly trades: readonly Written[]
  readonly legalForms: readonly string[]
  /** Brands in the language's own script. Absent: made of syllables. */
  readonly brands?: readonly Written[]
}

export const WORDING: Readonly<Record<Language, Wording>> = {
  en: {
    first: words(
      'Emma James Olivia William Grace Henry Sophie Daniel Hannah Jack Amelia Samuel Ruth Aaron Megan Patrick Leah Connor Naomi Gavin Tessa Marcus Joanna Craig',
    ),
    last: words(
      'Carter Hughes Morgan Ellis Foster Bailey Reid Palmer Dawson Hayes Whitfield Barker Sutton Doyle Keane Murray Lawson Pryce Harding Osborne Fletcher Quinn Marsh Tate',
    ),
    trades: words(
      'Foods Water Instruments Systems Chemicals Packaging Labs Utilities Farms Logistics Controls Energy Breweries Engineering',
    ),
    legalForms: ['Inc.', 'LLC', 'Ltd'],
  },
  de: {
    first: words(
      'Jürgen Anja Björn Käthe Matthias Sabine Stefan Heike Lukas Jörg Katharina Sören Birgit Tobias Günther Ursula Markus Franziska Ralf Annegret',
    ),
    last: words(
      'Müller Schröder Krüger Weiß Bäcker Hofmann Lindner Vogt Jäger Brandt Köhler Seidel Groß Neumann Ziegler Böhm Kaiser Thiele Hübner Pfeiffer',
    ),
    trades: words(
      'Wasserwerke Messtechnik Lebensmittel Maschinenbau Chemie Logistik Brauerei Anlagenbau Umwelttechnik Verpackung Pharma Stadtwerke',
    ),
    legalForms: ['GmbH', 'AG', 'GmbH & Co. KG'],
  },
  fr: {
    first: words(
      'Élodie François Céline Jérôme Amélie Benoît Chloé Étienne Margaux Rémi Sylvie Thierry Noémie Gaël Hélène Loïc',
    ),
    last: words(
      'Lefèvre Bérard Dupré Mercier Garnier Chevallier Fabre Noël Gauthier Renaud Barbier Perrot Marchand Rousselin Vasseur Tessier',
    ),
    trades: words('Eaux Agroalimentaire Chimie Mesure Industrie Logistique Emballages Énergie Laboratoires Brasserie'),
    legalForms: ['SARL', 'SAS', 'S.A.'],
  },
  nl: {
    first: words('Joost Femke Willem Maaike Bram Lotte Pieter Anouk Ruben Marloes Thijs Ilse Gijs Wendy'),
    last: words(
      'Bakker Visser Smit Meijer Mulder Dekker Brouwer Hendriks Kuipers Verhoeven Willems Claes Janssens Maes',
    ),
    trades: words('Waterbeheer Voeding Techniek Logistiek Chemie Verpakkingen Zuivel Energie Installaties Tuinbouw'),
    legalForms: ['B.V.', 'N.V.'],
  },
  sv: {
    first: words('Åsa Björn Linnéa Göran Märta Östen Elin Håkan Sofia Rasmus Malin Jörgen'),
    last: words('Söderberg Åkerlund Öberg Nyström Björklund Sjögren Hellström Wikström Ekdahl Löfgren Norén Bergman'),
    trades: words('Vattenteknik Livsmedel Maskin Kemi Logistik Energi Mätteknik Bryggeri Förpackning'),
    legalForms: ['AB'],
  },
  no: {
    first: words('Øystein Ingrid Håvard Solveig Bjørn Kåre Sigrid Magnus Åse Torbjørn Ragnhild Eirik'),
    last: words('Bjørnstad Ødegård Haugen Sørensen Lillehaug Brekke Tveit Nygård Solbakken Myhre Aasen Fjeld'),
    trades: words('Vannverk Fiskeri Maskin Kjemi Logistikk Energi Måleteknikk Oppdrett'),
    legalForms: ['AS', 'ASA'],
  },
  da: {
    first: words('Søren Mette Jørgen Birgitte Rasmus Kirsten Åge Lærke Anders Pernille Bjarke Signe'),
    last: words('Sørensen Kjær Østergaard Holm Lund Bæk Møller Skov Nørgaard Dahl Thygesen Bruun'),
    trades: words('Vandforsyning Fødevarer Maskinfabrik Kemi Logistik Energi Måleteknik Mejeri'),
    legalForms: ['A/S', 'ApS'],
  },
  fi: {
    first: words('Päivi Jukka Äärni Sirpa Väinö Tuomas Riikka Mika Hannele Yrjö Satu Ville'),
    last: words(
      'Mäkinen Hämäläinen Järvinen Lehtonen Väisänen Kärkkäinen Nieminen Pöyry Salonen Rantala Heikkilä Virtanen',
    ),
    trades: words('Vesitekniikka Elintarvike Konepaja Kemia Logistiikka Energia Mittaus Panimo'),
    legalForms: ['Oy', 'Oyj'],
  },
  es: {
    first: words(
      'José María Íñigo Begoña Raúl Lucía Álvaro Inés Joaquín Núria Óscar Ximena Matías Paula Andrés Valeria Tomás Belén',
    ),
    last: words(
      'Muñoz Ibáñez Núñez Gutiérrez Peña Domínguez Vázquez Rincón Cárdenas Sepúlveda Quiroga Ordóñez Zúñiga Bermúdez Salazar Villalba',
    ),
    trades: words('Aguas Alimentos Química Ingeniería Logística Energía Envases Laboratorios Agrícola Minera'),
    legalForms: ['S.L.', 'S.A.'],
  },
  pt: {
    first: words('João Conceição Antônio Luísa Tiago Inês Vinícius Letícia Gonçalo Márcia Otávio Beatriz Rui Débora'),
    last: words('Gonçalves Magalhães Araújo Simões Guimarães Assunção Falcão Brandão Conceição Queirós Teixeira Moura'),
    trades: words('Águas Alimentos Química Engenharia Logística Energia Embalagens Laboratórios Agrícola'),
    legalForms: ['Ltda', 'S.A.', 'Lda'],
  },
  it: {
    first: words(
      'Niccolò Chiara Matteo Ilaria Davide Noemi Riccardo Elisa Simone Beatrice Lorenzo Marta Tommaso Silvia',
    ),
    last: words(
      'Esposito Colombo Ferri Galli Moretti Barbieri Fontana Rinaldi Caruso Leone Martinelli Cattaneo Gatti Pellegrini',
    ),
    trades: words('Acque Alimentari Chimica Impianti Logistica Energia Imballaggi Laboratori Meccanica'),
    legalForms: ['S.r.l.', 'S.p.A.'],
  },
  pl: {
    first: words('Paweł Małgorzata Łukasz Agnieszka Wojciech Żaneta Grzegorz Bożena Michał Elżbieta Stanisław Zuzanna'),
    last: words(
      'Wiśniewska Wójcik Kamiński Zieliński Szymański Woźniak Dąbrowski Kozłowski Jabłoński Mazur Król Pawłowski Górski Wróbel',
    ),
    trades: words('Wodociągi Spożywcza Chemia Maszyny Logistyka Energia Opakowania Laboratoria'),
    legalForms: ['Sp. z o.o.', 'S.A.'],
  },
  cs: {
    first: words('Jiří Tereza Ondřej Lenka Tomáš Kateřina Vojtěch Zdeňka Lukáš Šárka'),
    last: words('Dvořák Černý Procházka Kučera Veselý Horák Němec Pospíšil Růžička Šimek'),
    trades: words('Vodárny Potraviny Strojírny Chemie Logistika Energie Obaly Pivovar'),
    legalForms: ['s.r.o.', 'a.s.'],
  },
  hu: {
    first: words('László Zsófia Gábor Ágnes Tamás Réka Zoltán Eszter Balázs Dóra'),
    last: words('Szabó Horváth Tóth Kovács Németh Farkas Szűcs Lőrincz Fehér Kőszegi'),
    trades: words('Vízművek Élelmiszer Gépgyár Vegyipar Logisztika Energia Csomagolás'),
    legalForms: ['Kft.', 'Zrt.'],
  },
  ro: {
    first: words('Ștefan Ioana Răzvan Mihaela Andrei Simona Cătălin Raluca Bogdan Adina'),
    last: words('Popescu Ionescu Drăgan Stănescu Munteanu Țiriac Șerban Ciobanu Dumitrescu Vasilescu'),
    trades: words('Apă Alimentare Chimie Utilaje Logistică Energie Ambalaje'),
    legalForms: ['SRL', 'S.A.'],
  },
  el: {
    first: words(
      'Γιώργος/giorgos Ελένη/eleni Νίκος/nikos Κατερίνα/katerina Δημήτρης/dimitris Σοφία/sofia Κώστας/kostas Ιωάννα/ioanna Παναγιώτης/panagiotis Δέσποινα/despoina',
    ),
    last: words(
      'Παπαδόπουλος/papadopoulos Οικονόμου/oikonomou Νικολάου/nikolaou Βλάχος/vlachos Καραγιάννης/karagiannis Αντωνίου/antoniou Δημητρίου/dimitriou Μακρής/makris Αλεξίου/alexiou Ζέρβας/zervas',
    ),
    trades: words(
      'Ύδρευση/ydrefsi Τρόφιμα/trofima Χημικά/chimika Μηχανές/michanes Μεταφορές/metafores Ενέργεια/energeia',
    ),
    legalForms: ['Α.Ε.', 'Ε.Π.Ε.'],
    brands: words(
      'Αιγαίο/aigaio Όλυμπος/olympos Θεσσαλία/thessalia Ιόνιο/ionio Μακεδονία/makedonia Δελφοί/delfoi Κρήτη/kriti Πίνδος/pindos Αττική/attiki Ρόδος/rodos',
    ),
  },
  ja: {
    first: words(
      '健太/kenta 美咲/misaki 翔太/shota さくら/sakura 大輔/daisuke 陽子/yoko 誠/makoto 直美/naomi 拓也/takuya 恵子/keiko 浩二/koji 由美/yumi',
    ),
    last: words(
      '佐々木/sasaki 山本/yamamoto 中村/nakamura 小林/kobayashi 加藤/kato 吉田/yoshida 松本/matsumoto 井上/inoue 木村/kimura 清水/shimizu 山崎/yamazaki 池田/ikeda',
    ),
    trades: words(
      '製作所/seisakusho 工業/kogyo 商事/shoji 電機/denki 化学/kagaku 食品/shokuhin 水産/suisan 計器/keiki 水道/suido 醸造/jozo',
    ),
    legalForms: ['株式会社'],
    brands: words(
      '東海/tokai 北斗/hokuto 瀬戸/seto 富岳/fugaku 琵琶湖/biwako 青葉/aoba 日向/hyuga 美濃/mino 大和/yamato 若狭/wakasa 信濃/shinano 相模/sagami 丹波/tanba 出雲/izumo',
    ),
  },
}

export const SYLLABLES = {
  start:
    'Nor Vel Alt Ber Cor Dan Elb Fal Gar Hal Ister Jun Kal Lum Mar Nex Ost Pol Quar Rav Sol Tern Ul Ver Wes Zen Bri Cal Dor Fen'.split(
      ' ',
    ),
  end: 'dex via mont line tera wick gard berg nova mark ridge sund feld lux port wave stad grove tec ium'.split(' '),
} as const

export const INDUSTRIES: readonly { readonly hubspot: string; readonly salesforce: string }[] = [
  { hubspot: 'UTILITIES', salesforce: 'Utilities' },
  { hubspot: 'FOOD_BEVERAGES', salesforce: 'Food & Beverage' },
  { hubspot: 'CHEMICALS', salesforce: 'Chemicals' },
  { hubspot: 'PHARMACEUTICALS', salesforce: 'Biotechnology' },
  { hubspot: 'MACHINERY', salesforce: 'Machinery' },
  { hubspot: 'FARMING', salesforce: 'Agriculture' },
  { hubspot: 'ENVIRONMENTAL_SERVICES', salesforce: 'Environmental' },
  { hubspot: 'LOGISTICS_AND_SUPPLY_CHAIN', salesforce: 'Shipping' },
  { hubspot: 'CONSTRUCTION', salesforce: 'Construction' },
  { hubspot: 'MINING_METALS', salesforce: 'Manufacturing' },
]

export const JOB_TITLES = [
  'Plant Manager',
  'Head of Water Quality',
  'Procurement Lead',
  'Laboratory Manager',
  'Process Engineer',
  'Sustainability Manager',
  'Operations Director',
  'Maintenance Planner',
  'Quality Manager',
  'Managing Director',
  'Environmental Engineer',
  'Buyer',
  'Head of Production',
  'IT Manager',
  'Technical Director',
] as const
