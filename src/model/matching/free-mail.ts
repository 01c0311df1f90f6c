/**
 * Providers that give anybody a mailbox: sharing such a domain says nothing about a company.
 * Our own reviewed list, 2026-12-01. Add a provider when it is shown to give private persons addresses.
 */
const FREE_MAIL: ReadonlySet<string> = new Set(
  `gmail.com googlemail.com outlook.com outlook.de outlook.fr outlook.es outlook.it outlook.jp outlook.com.br
  outlook.co.uk hotmail.com hotmail.co.uk hotmail.de hotmail.fr hotmail.it hotmail.es hotmail.nl hotmail.be hotmail.se
  hotmail.no hotmail.dk hotmail.fi hotmail.ca hotmail.co.jp hotmail.com.ar hotmail.com.br live.com live.co.uk live.de
  live.fr live.it live.nl live.be live.se live.no live.dk live.ca live.jp live.com.au live.com.mx msn.com passport.com
  windowslive.com yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.se yahoo.no yahoo.dk yahoo.ca
  yahoo.co.jp yahoo.co.in yahoo.in yahoo.com.au yahoo.co.nz yahoo.com.br yahoo.com.ar yahoo.com.mx yahoo.com.sg
  yahoo.com.hk yahoo.com.tw yahoo.com.ph yahoo.co.id yahoo.gr yahoo.ie yahoo.pl yahoo.ro ymail.com rocketmail.com
  myyahoo.com aol.com aol.de aol.fr aol.co.uk aim.com icloud.com me.com mac.com proton.me protonmail.com protonmail.ch
  pm.me tutanota.com tutanota.de tuta.io tuta.com keemail.me fastmail.com fastmail.fm hey.com zoho.com zohomail.com
  zohomail.eu mail.com email.com usa.com gmx.de gmx.net gmx.com gmx.at gmx.ch gmx.fr gmx.co.uk gmx.us gmx.eu web.de
  freenet.de t-online.de arcor.de online.de mailbox.org posteo.de posteo.net kabelmail.de vodafone.de vodafonemail.de
  o2online.de o2mail.de unitybox.de 1und1.de ewetel.net versanet.de magenta.de chello.at aon.at kabsi.at a1.net
  inode.at bluewin.ch sunrise.ch hispeed.ch orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr club-internet.fr
  bbox.fr numericable.fr alice.fr aliceadsl.fr cegetel.net libero.it virgilio.it tiscali.it tin.it alice.it tim.it
  fastwebnet.it inwind.it iol.it email.it hotmail.gr telefonica.net terra.es ono.com movistar.es jazztel.es sapo.pt
  iol.pt mail.telepac.pt netcabo.pt clix.pt btinternet.com btopenworld.com talktalk.net talk21.com sky.com virginmedia.com
  virgin.net ntlworld.com blueyonder.co.uk tiscali.co.uk plusnet.com o2.co.uk orange.net eircom.net ziggo.nl kpnmail.nl
  kpnplanet.nl planet.nl xs4all.nl home.nl hetnet.nl quicknet.nl upcmail.nl casema.nl chello.nl tele2.nl telenet.be
  skynet.be proximus.be scarlet.be voo.be pt.lu vo.lu telia.com telia.se bredband.net bredband2.com comhem.se spray.se
  tele2.se online.no getmail.no broadpark.no telenor.no mail.dk tdcadsl.dk stofanet.dk youmail.dk jubii.dk ofir.dk
  elisanet.fi kolumbus.fi luukku.com pp.inet.fi saunalahti.fi suomi24.fi welho.com wp.pl o2.pl onet.pl onet.eu
  poczta.onet.pl op.pl interia.pl interia.eu gazeta.pl tlen.pl vp.pl autograf.pl seznam.cz email.cz post.cz centrum.cz
  volny.cz atlas.cz tiscali.cz azet.sk zoznam.sk centrum.sk post.sk freemail.hu citromail.hu indamail.hu vipmail.hu
  t-online.hu upcmail.hu k.ro home.ro otenet.gr forthnet.gr hol.gr in.gr mail.bg abv.bg dir.bg net.hr mail.ru inbox.ru
  list.ru bk.ru internet.ru yandex.ru yandex.com ya.ru rambler.ru lenta.ru ukr.net i.ua meta.ua bigmir.net tut.by
  mynet.com superonline.com walla.co.il walla.com netvision.net.il 012.net.il bezeqint.net emirates.net.ae
  comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com netzero.net
  frontier.com frontiernet.net windstream.net optonline.net optimum.net rcn.com centurylink.net q.com roadrunner.com
  rr.com twc.com mindspring.com prodigy.net pacbell.net ameritech.net swbell.net flash.net suddenlink.net
  rogers.com bell.net sympatico.ca shaw.ca telus.net videotron.ca cogeco.ca eastlink.ca
  uol.com.br bol.com.br terra.com.br ig.com.br globo.com globomail.com r7.com oi.com.br zipmail.com.br
  prodigy.net.mx terra.com.mx fibertel.com.ar arnet.com.ar speedy.com.ar ciudad.com.ar vtr.net une.net.co
  bigpond.com bigpond.net.au bigpond.com.au optusnet.com.au iinet.net.au internode.on.net tpg.com.au dodo.com.au
  westnet.com.au adam.com.au xtra.co.nz slingshot.co.nz orcon.net.nz clear.net.nz
  docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp nifty.com nifty.ne.jp biglobe.ne.jp ocn.ne.jp so-net.ne.jp
  plala.or.jp infoseek.jp excite.co.jp goo.jp mail.goo.ne.jp
  qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com tom.com 21cn.com 139.com 189.cn aliyun.com
  naver.com hanmail.net daum.net kakao.com nate.com hanmir.com pchome.com.tw hinet.net seed.net.tw netvigator.com
  rediffmail.com indiatimes.com sify.com vsnl.net singnet.com.sg starhub.net.sg streamyx.com
  mailinator.com guerrillamail.com guerrillamail.info sharklasers.com 10minutemail.com tempmail.com temp-mail.org
  yopmail.com yopmail.fr trashmail.com trashmail.de wegwerfmail.de spoofmail.de maildrop.cc getnada.com dispostable.com
  fakeinbox.com throwawaymail.com mintemail.com moakt.com emailondeck.com discard.email spamgourmet.com mytrashmail.com
  duck.com relay.firefox.com mozmail.com simplelogin.com simplelogin.io anonaddy.com privaterelay.appleid.com
  hushmail.com runbox.com lavabit.com disroot.org riseup.net cock.li mail.de inbox.lv inbox.lt one.lv
  mailfence.com startmail.com posteo.at mailo.com mailo.net netcourrier.com caramail.com voila.fr laposte.fr gmx.li ctemplar.com
  inbox.com inbox.eu lycos.com excite.com excite.it lycos.de lycos.co.uk netscape.net netscape.com compuserve.com cs.com
  mail2world.com myself.com consultant.com engineer.com europe.com post.com writeme.com iname.com techie.com usa.net
  bluemail.ch romandie.com netzero.com peoplepc.com embarqmail.com cableone.net mchsi.com hughes.net zoominternet.net
  wowway.com tds.net ptd.net rocketmail.co.uk dbmail.com fsmail.net freeserve.co.uk madasafish.com lineone.net
  supanet.com tesco.net uol.com.ar hotpop.com zipmail.com pobox.com spray.no start.no frisurf.no passagen.se
  swipnet.se bahnhof.se pp.se home.se tin.cz quick.cz tiscali.be belgacom.net versatel.nl zeelandnet.nl solcon.nl
  tele2.it teletu.it blu.it supereva.it katamail.com jumpy.it poste.it pec.it legalmail.it arubapec.it
  mixmail.com latinmail.com eresmas.com ya.com orange.es vodafone.es vodafone.it telecable.es euskaltel.net
  netvisao.pt mail.pt portugalmail.pt freemail.gr mailbox.gr windowslive.es mail.ee hot.ee online.ee apollo.lv tvnet.lv
  mail.bg gbg.bg email.ua meta.ua online.ua bigmir.com rambler.ua ngs.ru hotbox.ru pochta.ru newmail.ru mail.ua
  mail.kz tut.by mail.by turk.net ttmail.com ttnet.net.tr mynet.com.tr superposta.com hanmail.com korea.com lycos.co.kr
  dreamwiz.com freechal.com empas.com vip.qq.com vip.163.com vip.sina.com 188.com wo.cn 263.net eyou.com netease.com
  yahoo.com.vn viettel.vn pldtdsl.net globe.com.ph telkom.net indosat.net.id plasa.com cbn.net.id maxis.com.my tm.net.my
  mweb.co.za telkomsa.net vodamail.co.za webmail.co.za iafrica.com absamail.co.za lantic.net paradise.net.nz ihug.co.nz
  bigpond.com.nz ozemail.com.au aapt.net.au exemail.com.au ncable.net.au spin.net.au netspace.net.au
  temp-mail.io tempmail.net tempmailo.com minutemail.com 20minutemail.com mailnesia.com mailcatch.com mohmal.com
  grr.la guerrillamailblock.com guerrillamail.net guerrillamail.org guerrillamail.biz guerrillamail.de spam4.me
  incognitomail.org jetable.org filzmail.com trbvm.com burnermail.io 33mail.com erine.email addy.io passmail.net
  mailsac.com mail7.io emailfake.com tempr.email fakemail.net inboxkitten.com throwam.com linshiyouxiang.net byom.de muellmail.com
  mytemp.email spambog.com tmail.ws getairmail.com fexbox.org mvrht.net luxusmail.org mailpoof.com tempail.com tempinbox.com
  mail-temp.com mailtemp.net emltmp.com 1secmail.com 1secmail.net 1secmail.org esiix.com wwjmp.com dropmail.me 10mail.org
  yopmail.net cool.fr.nf jetable.fr.nf nospam.ze.tm tempemail.com temporary-mail.net fake-mail.net crazymailing.com gufum.com
  harakirimail.com mailforspam.com spamex.com trash-mail.com trashmail.net trashmail.me wegwerfemail.de einrot.com cuvox.de
  dayrep.com fleckens.hu gustr.com jourrapide.com rhyta.com superrito.com teleworm.us armyspy.com
  sina.com.cn 163.net infinitum.com.mx tigo.com.gt swissonline.ch email.de hotmail.kg t-online.at gmx.info postpro.net
  skiff.com onmail.com tutamail.com mailbox.email cyberfear.com danwin1210.de elude.in vfemail.net airmail.cc`.split(
    /\s+/,
  ),
)

/** Brands under which mailboxes are given out in nearly every country: `outlook.com.au`, `yahoo.co.za`, `yandex.ua`. */
const EVERYWHERE: ReadonlySet<string> = new Set(
  `hotmail outlook yahoo ymail rocketmail gmail googlemail gmx aol yandex protonmail tutanota rediffmail icloud windowslive
  mailinator yopmail fastmail hushmail zohomail`.split(/\s+/),
)

/** Where `live` and `msn`, which are words, are Microsoft's mail. */
const LIVE_AT: ReadonlySet<string> = new Set(
  `com at be ca ch cl cn co.kr co.uk co.za com.ar com.au com.br com.mx com.my com.ph com.pt com.sg com.hk de dk es fi fr hk hu ie in
  it jp nl no pl pt ru se`.split(/\s+/),
)

/** The slips of these are counted in letters, and only under the endings that people mean by them. */
const OFTEN_MISTYPED: readonly string[] = ['gmail', 'hotmail', 'yahoo', 'outlook', 'googlemail']
const USUAL_ENDINGS: ReadonlySet<string> = new Set('com co cm om net org de fr it es co.uk com.br'.split(' '))

/** One letter from a provider, and somebody's company or a word all the same. Reviewed 2026-12-01. */
const NO_SLIPS: ReadonlySet<string> = new Set(
  'gail mail email gmap gmaps grail snail  yahoos outlooks lookout hotmails  outloud'.split(' '),
)

/** A reviewed list where one letter makes a company: cloud.com is none of Apple's. */
const SLIPS: ReadonlySet<string> = new Set(
  `icould iclould icluod iclod icoud iclud icloude icloud1 icolud gmailcom gmaik gmailc gimail gemail gmeil gmaul ghmail ygmail
  hotmailcom hotmaill hotmial homtail hotamil htomail hormail yahooo yhaoo yahho ayhoo outllok outlok outook otulook protonmial
  protnmail protonmai comcst`.split(/\s+/),
)

/** True where a mailbox at this domain says nothing about a company. `name` is the domain without its public suffix. */
export function isFreeMail(domain: string, name: string, suffix: string): boolean {
  if (FREE_MAIL.has(domain) || EVERYWHERE.has(name)) return true
  if ((name === 'live' || name === 'msn') && LIVE_AT.has(suffix)) return true
  if (SLIPS.has(name)) return true
  return USUAL_ENDINGS.has(suffix) && !NO_SLIPS.has(name) && OFTEN_MISTYPED.some((brand) => isSlip(name, brand))
}

/** One letter more, less or other, or two neighbors swapped. */
function isSlip(name: string, brand: string): boolean {
  let start = 0
  while (start < name.length && name[start] === brand[start]) start++
  let end = 0
  const longest = Math.min(name.length, brand.length) - start
  while (end < longest && name[name.length - 1 - end] === brand[brand.length - 1 - end]) end++
  const wrong = name.slice(start, name.length - end)
  const right = brand.slice(start, brand.length - end)
  if (wrong === '' && right === '') return false
  if (wrong.length <= 1 && right.length <= 1) return true
  return wrong.length === 2 && right.length === 2 && wrong[0] === right[1] && wrong[1] === right[0]
}
