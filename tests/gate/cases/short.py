"""Short stories under long furniture, and legal paragraphs that are longer than the story."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from tests.gate.build import Page, p, page
from tests.gate.furniture import headlines, stories
from tests.gate.layouts import blog, cms2018, links, magazine, mobile, office, portal2012, table2003

DISCLAIMER = (
    "本网所载文章、数据仅供参考，使用前务请仔细核实，风险自负；凡注明来源为其他媒体的稿件，均转载自其他媒体，转载目的在于传递更多信息，"
    "并不代表本网赞同其观点，也不代表本网对其真实性负责；如因作品内容、版权和其他问题需要同本网联系的，请在三十日内进行，我们将及时处理，"
    "联系时请写明文章的标题、地址、刊登日期，并附上您的身份证明、权属证明及侵权情况的说明。"
)
CONSENT = (
    "We and our 214 partners store and access information on your device, such as unique identifiers, and process "
    "personal data for personalised advertising, measurement and research.",
    "With your permission we may use precise location data. You may click to consent, or you may change your choices "
    "before consenting. Some processing does not require your consent, but you have a right to object to it.",
    "Your choices will apply to this site only, and you can change them at any time by returning to this page.",
)


def pages() -> Iterator[Page]:
    """Flashes of 40 to 110 characters, disclaimers, consent banners."""
    many = headlines("zh", 30, "short/many")
    rows = "".join(links(many[n : n + 6], attributes=f' class="l{n}"') for n in range(0, 30, 6))
    yield page("short-flash-portal", "flash_rain", portal2012, side=f'<div class="mod">{rows}</div>', latest=True)
    text = stories()["flash_index"].paragraphs[0]
    yield page("short-flash-table", "flash_index", table2003, body=f"　　{text}", latest=True, related=True)
    caption = stories()["flash_photo"].paragraphs[0]
    photo = f'<p align="center"><img src="/pic/0319/1.jpg" alt=""></p><p>{caption}</p>'
    yield page("short-photo", "flash_photo", cms2018, body=photo, related=True, gold={"kind": None})
    line = "【南河轮渡明日停航一天】" + stories()["flash_one"].paragraphs[0]
    yield page("short-one-line", "flash_one", mobile, body=line, gold={"body": [line]}, latest=True)
    yield page("short-english", "en_brief", magazine, gold={"kind": "flash"}, latest=True, related=True)
    yield page("short-traditional", "flash_hant", blog, latest=True)
    teasers = "".join(
        f'<div class="it"><h5><a href="{href}">{title}</a></h5><p>{title}，记者走访了解到，当地居民对此普遍表示欢迎，'
        "也有人提出希望尽快公布细节。</p></div>"
        for title, href in headlines("zh", 12, "short/feed")
    )
    yield page(
        "short-above-feed", "flash_quake", cms2018, after=f'<div class="xx">{teasers}</div>',
        gold={"not_in_body": ["当地居民对此普遍表示欢迎"]},
    )  # fmt: skip
    yield page(
        "legal-longer-than-story", "flash_quake", office, inside=f"<p>{DISCLAIMER}</p>",
        gold={"not_in_body": ["风险自负", "权属证明"]},
    )  # fmt: skip
    yield page(
        "legal-below-story", "flash_hant", portal2012, after=f'<div class="tip"><b>聲明：</b>{DISCLAIMER}</div>',
        gold={"not_in_body": ["风险自负", "权属证明"]},
    )  # fmt: skip
    warning = "免责声明：以上内容仅供参考，不构成投资建议，据此操作，风险自担，本网不对由此产生的损失负责。"
    yield page("legal-last-line", "battery", portal2012, inside=f"<p>{warning}</p>", gold={"not_in_body": ["据此操作"]})
    banner = f'<div class="x-layer"><h2>Your privacy matters</h2>{p(CONSENT)}<button>Accept all</button></div>'
    yield page("legal-consent-banner", "en_brief", magazine, before=banner, gold={"not_in_body": ["214 partners"]})
    footer = "".join(f"<p>{escape(part)}。</p>" for part in DISCLAIMER.split("；"))
    yield page(
        "legal-several-paragraphs", "flash_rain", mobile, after=f"<div>{footer}</div>",
        gold={"not_in_body": ["风险自负", "权属证明"]},
    )  # fmt: skip
