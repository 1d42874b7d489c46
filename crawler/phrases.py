"""Phrases of news pages that are no part of a story: word lists first, the patterns made of them below.

Each pattern says where it counts; to teach the extraction a phrase, add it to the list it belongs to.
"""

from __future__ import annotations

import re

from crawler.patterns import grouped


def _words(*lines: str) -> str:
    """Words, one blank between two; `_` stands for a blank inside one. Longer ones win over their beginnings."""
    return "|".join(sorted((re.escape(w).replace("_", r"\s") for line in lines for w in line.split()), key=len)[::-1])


_CREDITS = _words(
    "责任编辑 責任編輯 责编 編輯 编辑 本文编辑 值班编辑 编审 审核 终审 初审 审校 校对 校對 监制 策划 记者 記者 通讯员 作者 撰文 文案 排版",
    "摄影 攝影 图片 圖說 供图 制图 视频 来源 來源 稿件来源 文章来源 信息来源 消息来源 原标题 原標題 本文原标题 本文原標題 关键字 关键词 關鍵字 标签 標籤",
    "发布时间 发表时间 發佈時間 更新时间 时间 日期 点击 浏览 阅读 人气 字号 字體 字体 版权 声明 免责 转载 微信 公众号 扫码 扫一扫 投稿邮箱 电邮 電郵 新闻热线 报料热线",
)
_POINTERS = _words(
    "更多精彩 延伸阅读 延伸閱讀 相关阅读 相关新闻 相关链接 相关专题 相關新聞 推荐阅读 热门推荐 此前报道 上一篇 下一篇 上一页 下一页",
    "分享到 分享至 分享 网友评论 我要评论 发表评论 专题 更多 关闭窗口 打印本页 返回顶部 加入收藏 阅读全文",
)
# A label and its value, or a few words that only point somewhere: a line of its own, short.
CREDIT = re.compile(
    rf"^[\s\[【（(]*(?:(?:{_CREDITS}|{_POINTERS}|文)\s*[:：/／】\]]|[\u4e00-\u9fff]{{2,4}}\s*(?:编辑|編輯)[)）]$)", re.I
)
POINTER = re.compile(rf"^[\s\[【（(]*(?:{_CREDITS}|{_POINTERS})")

_TALK = _words("评论 評論 留言 跟帖 讨论区 回响")
_TALKERS = _words("网友 最新 热门 全部 精彩 用户 發表 发表")
_TALK_LATIN = _words(
    "comments replies join_the_conversation have_your_say join_the_discussion kommentare commentaires comentarios комментарии komentarze σχόλια",
    "leave_a_comment leave_a_reply post_comment post_a_comment write_a_comment reader_comments оставить_комментарий добавить_комментарий dodaj_komentarz комментарии_к_новости комментарии_читателей",
)
# The heading of the readers' comments, with or without their number.
TALK_HEAD = re.compile(
    rf"^\W*(?:(?:\d+\s*)?(?:{_TALKERS})?(?:{_TALK})(?:区|列表)?|(?:\d+\s*)?(?:{_TALK_LATIN})|\d+\s*(?:comment|reply))\W*(?:\d*|条|則|则)?(?:\snew)?\W*$",
    re.I,
)
_NOTICES = _words(
    "您看到此篇文章时的感受是 这篇文章让您觉得 這篇新聞讓您覺得 這篇文章讓您覺得 反侵权公告 版权声明 免责声明 法律声明 郑重声明 特别声明 版權聲明 免責聲明 鄭重聲明"
)
_WRITERS = _words(
    "about_the_author about_the_authors about_the_writer about_the_reviewer über_den_autor über_die_autorin zum_autor zur_autorin zur_person",
    "à_propos_de_l'auteur sobre_el_autor sobre_o_autor об_авторе o_autorze 作者简介 作者簡介 关于作者 關於作者",
)
# What begins after the story: the site's notices, or who the author is.
END_HEAD = re.compile(rf"^\W*(?:{_NOTICES}|郑\s重\s声\s明|{_WRITERS})\W*$", re.I)
_OTHER = _words("相关 相關 延伸 推荐 推薦 更多 热门 熱門 猜你 您可能 你可能 为您推荐 往期 最新 精彩 编辑推荐 大家都在")
_OTHER_LATIN = _words(
    "related see_also read_more read_also read_next more_from more_on more_in more_stories more_news you_may_also you_might_like",
    "up_next recommended trending most_read most_popular popular latest further_reading don't_miss don’t_miss mehr_zum_thema",
    "lesen_sie_auch das_könnte_sie das_könnte_dich das_thema_könnte à_lire lire_aussi читайте_также по_теме czytaj",
    "weiterführende zum_weiterlesen empfehlungen_aus auch_interessant weitere_artikel weitere_nachrichten mehr_von",
    "sur_le_même_sujet articles_similaires você_pode_gostar leia_também veja_também te_puede_interesar noticias_relacionadas leggi_anche zobacz_także zobacz_też",
    "przeczytaj_także новости_по_теме ссылки_по_теме материалы_по_теме новости_партнеров διαβάστε_επίσης baca_juga te_puede_interesar le_puede_interesar czytaj_też İlgili_haberler ilgili_haberler اقرأ_أيضا اقرأ_أيضاً 関連記事 관련기사 関連ニュース こんな記事も",
)
# The heading of a list of other stories.
OTHER_HEAD = re.compile(rf"^\W*(?:(?:{_OTHER})[\u4e00-\u9fff]{{0,8}}\W*|(?:{_OTHER_LATIN})\b.{{0,40}})$", re.I)

_DO = _words(
    "关注 關注 下载 下載 扫描 扫码 掃描 长按 訂閱 订阅 点击 點擊 加入 长按 長按 请按 讚 转发 分享 登陆 登陸 登录 開設 follow 搜索 回复 添加"
)
_WHERE = _words(
    "公众号 公眾號 客户端 客戶端 二维码 粉絲團 粉丝团 專頁 专页 频道 進行评论 进行评论 在看 点赞 朋友圈 小程序 newsletter telegram"
)
# Stories speak of these as well: they count where the reader is asked.
_ANYWHERE = _words("微信 微博 facebook app 我們 我们")
_END = _words("正文已结束 the_end 完 完结 end 本文完 全文完")
_FORMER = _words("原题为 原标题 原題 本文原标题 原文标题")
_COMPILED = _words("综合整理 综合编译 综合报道 资料来源 图片来源 文章来源 本文来源 本文系")
# Invitations to follow, end marks and notes on the origin: in the second half of the body.
_ASKED = r"(?:^|[^\w]|请|可|欢迎|歡迎|即可|并|並|或|您|点击|微信|朋友|立即|马上|长|長)"
INVITE = re.compile(
    rf"(?:{_DO}|按).{{0,24}}(?:{_WHERE})|{_ASKED}(?:{_DO}).{{0,24}}(?:{_ANYWHERE})|^\W*(?:{_END})\W*$|^\W*(?:{_FORMER})|(?:{_COMPILED})[:：自于]", re.I
)
# One of these is in every invitation: a cheap look that spares the long pattern.
INVITE_SIGN = grouped(_WHERE, _ANYWHERE, _END, _FORMER, _COMPILED, ignore_case=True)

_CALLS = _words(
    "edited_by editing_by reporting_by writing_by follow_us subscribe sign_up continue_reading to_continue_reading unlimited_access download_the download_our",
    "click_here tap_here like_us join_our get_the_latest get_our_free get_our_daily support_our the_views_expressed the_view_of the_views_of",
)
_WALLS = _words("订阅 開通 开通 購買 购买 登录 登入 付费 付費")
_BUTTONS = _words(
    "advertisement anzeige publicité реклама reklama story_continues_below continue_reading share_this see_more view_comments",
    "view_gallery add_to_wishlist シェア ツイート ブックマーク ブックマークする メールで送る 印刷 upgrade_now",
)
_HAN_BUTTONS = _words(
    "举报 不喜欢 点赞 播报文章 语音播报 收藏 评论 分享 复制链接 打印 关闭 纠错 阅读原文 展开全文 查看更多 查看原图 加载中 正在加载 我要举报 举报/反馈 抢沙发 暂无评论"
)
_WALL = (
    r"残り\s*\d+\s*文字|有料(?:会員)?(?:限定)?記事|会員限定|"
    rf"(?:剩余|还有)\s*\d+\s*%|(?:{_WALLS})[^，。]{{0,10}}(?:后|後|即可|畅读|暢讀|继续)?(?:阅读|閱讀|全文|畅读)|畅读(?:全文|全部)|"
    r"continue reading,? |unlimited access|become a (?:member|subscriber)|already a (?:member|subscriber)|"
    r"subscribe (?:now )?to (?:read|continue)|this (?:article|story) is for (?:members|subscribers)"
)
# Asks to pay or to log in for the rest of the article.
WALL = grouped(_WALL, ignore_case=True)
# Calls that give themselves away anywhere in a line; walls are such calls.
CALL_INSIDE = grouped(
    _WALL,
    r"授权(?:发布|转载)。?$|广告声明|线索投递|关闭广告拦截|还没有人赞赏|尽在[^，。]{1,10}(?:APP|客户端)|报料(?:热线)?[:：]|爆料(?:热线)?[:：]|点击蓝字|\ba version of this (?:article|story)\b|\bcontributed to this (?:report|story|article)\b|заметили (?:\w+, ?\w+ \w+ )?ошибку|\bto your inbox\b|\bcan['’]t afford to donate|\bcontribute as little as\b|\bin your inbox\b|"
    r"回复[【“\[][^】”\]]{1,8}[】”\]]",
    ignore_case=True,
)
_FOLLOW = _words(
    "follow_us síguenos suivez suivez-nous folgen_sie folgt_uns подписывайтесь подписывайся читайте_нас obserwuj ακολουθήστε seguici siga sigue bądź_na_bieżąco takip_edin abonnez-vous",
)
# Asks to follow the paper elsewhere: in the second half of the body.
FOLLOW = re.compile(
    rf"\b(?:{_FOLLOW})\b.{{0,60}}(?:google|telegram|facebook|whatsapp|twitter|instagram|youtube|viber|newsletter|канал|соцсет|\bX\b)",
    re.I,
)
# Calls and buttons: lines of their own wherever they stand.
CALL = re.compile(
    rf"^\(?(?:{_CALLS})\b|^\W*(?:{_HAN_BUTTONS})[\d\s()（）.…]*$|^\d+\s?人(?:点赞|赞过|喜欢)$|^\+1$|"
    rf"^(?:share|tweet|email|print|partager|compartir|teilen|condividi|compartilhar|поделиться)(?: (?:this|on|via|sur|en|auf|su|no|в)\b.{{0,30}})?\W*$|^(?:{_BUTTONS})\W*$",
    re.I,
)
_BY = _words("by von par por автор фото текст reporting_by written_by")
BYLINE = re.compile(
    rf"^(?:{_BY})\b\W*\w|^\d+ (?:min(?:ute)?s?|мин)\b.{{0,12}}(?:read|чтения)?$|^(?:temps de lecture|lesezeit|tempo di lettura|tiempo de lectura|tempo de leitura|reading time|время чтения)\b.{{0,20}}$|^(?:记者|記者)\s?\S{{2,8}}$",
    re.I,
)

# A date with a clock or a source beside it, as it stands above and below a story.
DATED = re.compile(
    r"(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:\s*\d{1,2}\s*[:：]\s*\d\d|.{0,6}(?:来源|來源))"
)
_STAMPS = _words(
    "last_updated updated last_modified modified published posted created aktualisiert veröffentlicht publié mis_à_jour",
    "actualizado publicado publicerad opublikowano dodano data_publikacji обновлено опубликовано последнее_обновление by von",
)
# How a line of date and author begins; it counts with a date or a clock behind it.
STAMP = re.compile(rf"^\W*(?:{_STAMPS})\b", re.I)
_READ_ON = _words(
    "阅读全文 閱讀全文 查看全文 全文阅读 详细 read_more continue_reading weiterlesen lire_la_suite leer_más leia_mais"
)
# The link below the beginning of another story.
READ_ON = re.compile(rf"^\W*(?:{_READ_ON})\W*$", re.I)
_READERS = _words("网友 網友 游客 遊客 用户 用戶 匿名 匿名用户 楼主 樓主")
# The line above a reader's post: a masked or numbered name, or the number of the post.
POST = re.compile(rf"^(?:{_READERS})[\w*]{{0,12}}[\d*]\S{{0,6}}(?:\s.{{0,24}})?$|^\d+\s*楼\s")

# Copyright, licences, disclaimers.
LEGAL_TEXT = grouped(
    r"copyright|©|all rights reserved|版权所有|版權所有|ICP[备证備證]|(经营|传播|出版|信息服务|節目|节目)[^，。]{0,6}(许可证|許可證)|(许可证|許可證)(编?号|[:：\d])|公安备|经营许可|免责[声聲]明|免責聲明|"
    r"本(?:网|網|站|报|刊|平台)(?:所载|所刊|转载|登载|刊载|注明)|如因作品|转载目的|风险自负|書面授權|侵犯.{0,8}(?:权益|權益|版权|著作权)|"
    r"本站.{0,12}(不对|不代表|立场)|(郑重|特别|平台|版权|广告|鄭重|特別|版權)[声聲]明[:：]|风险自担|自觉遵守.{0,16}(法律|法规)|非[經经]授[權权]|著作[權权]归|provides? information storage|무단 ?전재|無断転載|転載を禁|riproduzione riservata|tous droits réservés|alle rechte vorbehalten|все права защищены|todos los derechos reservados|wszelkie prawa zastrzeżone|不代表本(站|网|網)|未经.{0,8}(授权|书面|许可).{0,10}(不得|禁止)|违法和?不良信息|举报电话\s*[:：\d（(]|仅提供信息存储|转载.{0,3}[请須须].{0,3}注明|轉載.{0,3}[請須].{0,3}註明|僅提供資訊儲存|"
    r"未經.{0,8}(授權|書面|許可).{0,10}(不得|禁止)|terms of (use|service)|privacy policy|cookies? (policy|settings|notice|preferences)|(use|accept)s? (of )?cookies",
    ignore_case=True,
)
