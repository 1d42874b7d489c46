"""What stands around a story: menus, lists of other headlines, legal lines. Invented, and the same each time."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Story:
    """An invented piece of news; `source`, `author` and `editor` are what a page may credit."""

    name: str
    lang: str
    title: str
    source: str
    author: list[str]
    editor: str
    paragraphs: list[str]

    @property
    def language(self) -> str:
        """Two letters, or zh-Hant: what the furniture is chosen by."""
        return self.lang if self.lang == "zh-Hant" else self.lang[:2]


@cache
def stories() -> dict[str, Story]:
    """All stories by name."""
    with (HERE / "stories.toml").open("rb") as file:
        found: dict[str, Any] = tomllib.load(file)
    return {
        name: Story(name, s["lang"], s["title"], s["source"], s["author"], s["editor"], s["text"].strip().split("\n"))
        for name, s in found.items()
    }


HEADLINES = {
    "zh": """
河东新区首条自行车专用路动工 全长六公里
老城区两百栋楼加装电梯 居民自付比例降至三成
全省高校毕业生春季招聘会下周举行
云岭机场新航站楼封顶 可满足八百万人次
北洲早市搬进大棚 摊贩不再怕下雨
科学家在深海发现会发光的新种水母
海澜港首季外贸集装箱增长两成
城南污水处理厂扩建 异味问题有望解决
三位退休法官开起免费法律咨询角
中学生设计的盲道检测车获国际金奖
湖滨湿地迎来八万只候鸟 数量创纪录
松原大米拿到出口认证 首批运往五个国家
夜间经济观察：凌晨两点的修车铺
外卖骑手有了自己的宿舍楼 月租三百元
临港古船修复完成 明年对外展出
电动公交全部换装新电池 续航多出一百公里
七旬夫妇二十年种下四万棵树
省博物馆夜场门票三分钟售罄
手机信号进了大山 村民直播卖核桃
新规施行 小区充电桩电费不得加价
一场没有裁判的足球赛踢了三十年
江岭大桥限行货车 绕行路线公布
国产水下机器人完成两千米海试
儿童用药说明书将统一字号和图示
旧厂房改成篮球馆 周末免费开放
天枢望远镜看到一百二十亿年前的星光
早稻开秧 全省计划种植九百万亩
社保卡可以坐地铁了 首批覆盖六个城市
方言广播剧意外走红 年轻人追着听
县城里的图书漂流站 一年借出十万册
气象台：本周末气温将升至二十八度
高铁静音车厢扩大到四十趟列车
二手书店老板把书送进了病房
新一代收割机能自己避开田埂
三座老桥列入文物名单 禁止机动车通行
渔民救起受伤海豚 三天后放归
""",
    "zh-Hant": """
西環泳棚修復完成 下月重新開放
地鐵新車卡投入服務 座位增加一成
山頂步道封閉兩周 市民宜改道
大學研發新塗料 可令外牆降溫五度
漁農自然協會記錄到三種新蝴蝶
社區飯堂晚市爆滿 義工不足
小巴司機荒 三條路線減班
老字號餅店第三代接手 堅持炭爐烘焙
中學生發明防跌拖鞋獲獎
新填海區中央公園動工
巴士站加裝實時顯示屏 首批一百個
舊唐樓活化成青年宿舍
圖書館推出夜間還書車
電影資料館放映四十部老片
海濱長廊單車徑下周通車
""",
    "en": """
Council votes to keep the night bus running
Lighthouse keeper's diary found behind a wall
New rail tunnel to open two years early
Teachers and parents agree on shorter summer break
Farmers turn empty barns into battery stores
Harbour seals counted from the air for the first time
Museum returns a ship's bell to its home port
City library lends tools, and waiting lists grow
Old cinema reopens with one screen and a garden
Rain ends the longest dry spell in forty years
Volunteers map every tree in the old town
Island school wins prize for its weather balloon
Record harvest leaves apple growers short of crates
Why the post office still delivers by bicycle
Swimmers ask for cleaner water at Grange Beach
""",
    "de": """
Stadtrat stimmt für neues Hallenbad am Bahnhof
Schüler bauen Wetterballon und gewinnen Preis
Alte Mühle wird zum Gemeindezentrum
Radweg am Fluss ist fertig und wird gut genutzt
Feuerwehr rettet Storch von einem Kirchturm
Bäckerei liefert jetzt mit dem Lastenrad
Museum zeigt Briefe aus drei Jahrhunderten
Neue Brücke soll im Herbst eröffnet werden
""",
    "ru": """
На вокзале открыли бесплатную библиотеку для пассажиров
Фермеры района собрали рекордный урожай картофеля
Новый автобусный маршрут свяжет три посёлка
Учёные нашли в озере редкий вид рыбы
Старую мельницу превратят в музей хлеба
Школьники посадили две тысячи деревьев
Каток в парке будет работать до конца марта
Жители посёлка отремонтировали дорогу сами
""",
    "pl": """
Miasto kupi dwadzieścia autobusów elektrycznych
Uczniowie zbudowali robota do zbierania śmieci
Stary dworzec zamieni się w dom kultury
Rowerzyści dostaną nowy most nad rzeką
Rekordowe zbiory jabłek w sadach pod miastem
W muzeum pokazano list sprzed trzystu lat
Bocian z obrączką wrócił po dziewięciu latach
Szpital otworzy nocną poradnię dla dzieci
""",
    "el": """
Νέο λιμάνι αποκτά το νησί μετά από δέκα χρόνια
Μαθητές έφτιαξαν σταθμό μέτρησης του καιρού
Ανοίγει ξανά το παλιό σινεμά της πόλης
Ρεκόρ επισκεπτών στο αρχαιολογικό μουσείο
Δωρεάν ποδήλατα για τους κατοίκους του κέντρου
Βρέθηκε σπάνιο είδος χελώνας στην παραλία
Η γέφυρα θα παραδοθεί το φθινόπωρο
Πρόσφυγες άνοιξαν φούρνο στο χωριό
""",
    "ja": """
商店街の空き店舗に小さな映画館が開館
高校生が作った防災アプリが全国大会へ
廃線の鉄橋を歩ける公園に整備へ
港の朝市に三年ぶりのにぎわい
町営バスに自動運転の新車を導入
古い蔵で新酒の仕込みが始まる
図書館の本を自転車で届ける取り組み
里山にコウノトリが戻ってきた
""",
    "ko": """
마을 도서관이 밤 열 시까지 문을 연다
고등학생들이 만든 재난 알림 앱 화제
폐역을 고쳐 만든 작은 미술관
섬 마을에 첫 전기 여객선 취항
청년 농부들이 키운 딸기 수출길 올라
옛 방직 공장이 공연장으로 다시 태어나
""",
}

NAV = {
    "zh": "首页 要闻 本地 国内 国际 财经 科技 教育 健康 体育 文化 汽车 房产 旅游 图片 视频 专题 论坛".split(),
    "zh-Hant": "首頁 要聞 港聞 兩岸 國際 財經 娛樂 體育 副刊 地產 影片 專題".split(),
    "en": "Home News Local Business Science Culture Sport Weather Video Opinion Archive".split(),
    "de": "Start Politik Wirtschaft Region Kultur Sport Wissen Wetter Anzeigen".split(),
    "ru": "Главная Политика Экономика Общество Культура Спорт Наука Погода".split(),
    "pl": "Start Wiadomości Gospodarka Kultura Sport Nauka Pogoda Ogłoszenia".split(),
    "el": "Αρχική Πολιτική Οικονομία Κοινωνία Πολιτισμός Αθλητικά Καιρός".split(),
    "ja": "ホーム 社会 経済 地域 文化 スポーツ 科学 天気".split(),
    "ko": "홈 정치 경제 사회 문화 스포츠 과학 날씨".split(),
}

LEGAL = {
    "zh": (
        "青川新闻网版权所有 未经书面授权不得转载或镜像 互联网新闻信息服务许可证：00120260001 "
        "信息网络传播视听节目许可证：0000001 青ICP备00000001号-1 青公网安备00000000000001号 "
        "违法和不良信息举报电话：000-00000000"
    ),
    "zh-Hant": "東灣時報有限公司 版權所有 不得轉載 私隱政策聲明 免責聲明 聯絡我們 廣告查詢：0000 0000",
    "en": "Copyright 2026 Harlow Media Ltd. All rights reserved. Terms of use. Privacy policy. Company 00001.",
    "de": "© 2026 Neuberger Verlag GmbH. Alle Rechte vorbehalten. Impressum. Datenschutz. AGB.",
    "ru": "© 2026 Редакция. Все права защищены. При использовании материалов ссылка обязательна.",
    "pl": "© 2026 Wydawnictwo Brzozowskie. Wszelkie prawa zastrzeżone. Polityka prywatności. Regulamin.",
    "el": "© 2026 Εκδοτική Αιγαίου. Με επιφύλαξη παντός δικαιώματος. Όροι χρήσης. Πολιτική απορρήτου.",
    "ja": "© 2026 みなと新報社 記事・写真の無断転載を禁じます。 プライバシーポリシー お問い合わせ",
    "ko": "© 2026 한빛일보. 무단 전재 및 재배포 금지. 개인정보 처리방침",
}

SITE = {
    "zh": "青川新闻网", "zh-Hant": "東灣時報", "en": "Harlow Bay Courier", "de": "Neuberger Anzeiger",
    "ru": "Зареченский вестник", "pl": "Kurier Brzozowski", "el": "Φωνή του Αιγαίου",
    "ja": "みなと新報", "ko": "한빛일보",
}  # fmt: skip

HOST = {
    "zh": "news.qingchuan.example", "zh-Hant": "www.dongwan.example", "en": "www.harlowbay.example",
    "de": "www.neuberg.example", "ru": "zarechensk.example", "pl": "kurier.example", "el": "foni.example",
    "ja": "minato.example", "ko": "hanbit.example",
}  # fmt: skip

HOT = {
    "zh": "点击排行", "zh-Hant": "熱門新聞", "en": "Most read", "de": "Meistgelesen", "ru": "Самое читаемое",
    "pl": "Najczęściej czytane", "el": "Δημοφιλή", "ja": "アクセスランキング", "ko": "많이 본 뉴스",
}  # fmt: skip

LATEST = {
    "zh": "最新消息", "zh-Hant": "即時新聞", "en": "Latest news", "de": "Neueste Meldungen", "ru": "Последние новости",
    "pl": "Najnowsze", "el": "Τελευταία νέα", "ja": "新着ニュース", "ko": "최신 뉴스",
}  # fmt: skip

RELATED = {
    "zh": "相关新闻", "zh-Hant": "相關新聞", "en": "Related stories", "de": "Mehr zum Thema", "ru": "Читайте также",
    "pl": "Czytaj także", "el": "Σχετικά άρθρα", "ja": "関連記事", "ko": "관련 기사",
}  # fmt: skip


def headlines(language: str, count: int, seed: str) -> list[tuple[str, str]]:
    """So many headlines with their addresses, chosen by the seed."""
    pool = [line for line in HEADLINES[language].split("\n") if line]
    start = crc32(seed.encode()) % len(pool)
    chosen = [(start + number * 7) % len(pool) for number in range(len(pool))]
    picked = list(dict.fromkeys([*chosen, *range(len(pool))]))[: min(count, len(pool))]
    base = 100_000 + crc32(f"{seed}/address".encode()) % 800_000
    return [(pool[index], f"/n/{base + place * 13}.html") for place, index in enumerate(picked)]
