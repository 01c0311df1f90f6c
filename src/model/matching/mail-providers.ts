/**
 * Providers that give anybody a mailbox: sharing such a domain says nothing about a company.
 * Our own reviewed list, 2026-11-22. Add a provider when it is shown to give private persons addresses.
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
  docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp nifty.com nifty.ne.jp biglobe.ne.jp ocn.ne.jp so-net.ne.jp
  plala.or.jp infoseek.jp excite.co.jp goo.jp mail.goo.ne.jp
  qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com tom.com 21cn.com 139.com 189.cn aliyun.com
  naver.com hanmail.net daum.net kakao.com nate.com hanmir.com pchome.com.tw hinet.net seed.net.tw netvigator.com
  rediffmail.com indiatimes.com sify.com vsnl.net singnet.com.sg starhub.net.sg streamyx.com
  mailinator.com guerrillamail.com guerrillamail.info sharklasers.com 10minutemail.com tempmail.com temp-mail.org
  yopmail.com yopmail.fr trashmail.com trashmail.de wegwerfmail.de spoofmail.de maildrop.cc getnada.com dispostable.com
  fakeinbox.com throwawaymail.com mintemail.com moakt.com emailondeck.com discard.email spamgourmet.com mytrashmail.com
  duck.com relay.firefox.com mozmail.com simplelogin.com simplelogin.io anonaddy.com privaterelay.appleid.com
  hushmail.com runbox.com lavabit.com disroot.org riseup.net cock.li mail.de inbox.lv inbox.lt one.lv`.split(/\s+/),
)

/** Sites on which many companies have a page. A web site there is not the company's own domain. */
const SHARED_SITES: ReadonlySet<string> = new Set(
  `facebook.com linkedin.com instagram.com twitter.com x.com youtube.com tiktok.com xing.com pinterest.com google.com
  goo.gl bit.ly t.co linktr.ee medium.com github.com etsy.com ebay.com ebay.de amazon.com yelp.com tripadvisor.com
  crunchbase.com wikipedia.org apple.com`.split(/\s+/),
)

/** True where a domain belongs to nobody in particular: free or throw-away mail, or a site that hosts everybody. */
export function isSharedDomain(domain: string): boolean {
  return FREE_MAIL.has(domain) || SHARED_SITES.has(domain)
}
