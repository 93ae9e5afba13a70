"""Cities and countries that people name, beyond the cities the time zones are called after."""

from typing import Final

_BY_ZONE: Final = {
    "Africa/Johannesburg": "cape town, durban, pretoria, south africa",
    "Africa/Lagos": "abuja, nigeria",
    "Africa/Nairobi": "kenya",
    "America/Argentina/Buenos_Aires": "argentina",
    "America/Bogota": "colombia, medellin",
    "America/Chicago": "austin, dallas, houston, minneapolis, new orleans, san antonio, us central",
    "America/Denver": "salt lake city, us mountain",
    "America/Edmonton": "calgary",
    "America/Lima": "peru",
    "America/Los_Angeles": "la, las vegas, sacramento, san diego, san francisco, san jose california, seattle, sf, "
    "silicon valley, us pacific",
    "America/New_York": "atlanta, boston, dc, miami, new york city, nyc, philadelphia, pittsburgh, us eastern, "
    "washington dc",
    "America/Sao_Paulo": "brasilia, rio, rio de janeiro",
    "America/Toronto": "ottawa",
    "Asia/Bangkok": "thailand",
    "Asia/Dhaka": "bangladesh",
    "Asia/Dubai": "abu dhabi, uae, united arab emirates",
    "Asia/Ho_Chi_Minh": "hanoi, ho chi minh city, vietnam",
    "Asia/Jerusalem": "tel aviv",
    "Asia/Karachi": "islamabad, lahore, pakistan",
    "Asia/Kathmandu": "nepal",
    "Asia/Kolkata": "ahmedabad, bangalore, bengaluru, bombay, chennai, delhi, india, mumbai, new delhi, pune",
    "Asia/Manila": "philippines",
    "Asia/Riyadh": "jeddah, saudi arabia",
    "Asia/Seoul": "busan, korea, south korea",
    "Asia/Shanghai": "beijing, china, guangzhou, peking, shenzhen",
    "Asia/Taipei": "taiwan",
    "Asia/Tokyo": "kyoto, osaka, sapporo, yokohama",
    "Europe/Amsterdam": "holland, netherlands, rotterdam, the hague, the netherlands",
    "Europe/Athens": "greece",
    "Europe/Belgrade": "serbia",
    "Europe/Berlin": "bonn, bremen, cologne, dortmund, dresden, duesseldorf, dusseldorf, essen, frankfurt, germany, "
    "hamburg, hannover, hanover, koeln, koln, leipzig, muenchen, munchen, munich, nuremberg, stuttgart",
    "Europe/Brussels": "antwerp, belgium",
    "Europe/Bucharest": "romania",
    "Europe/Budapest": "hungary",
    "Europe/Copenhagen": "denmark",
    "Europe/Dublin": "cork, ireland",
    "Europe/Helsinki": "finland",
    "Europe/Istanbul": "ankara",
    "Europe/Kyiv": "odesa, ukraine",
    "Europe/Lisbon": "portugal, porto",
    "Europe/London": "birmingham uk, britain, cardiff, edinburgh, england, glasgow, great britain, leeds, liverpool, "
    "manchester, scotland, uk, united kingdom, wales",
    "Europe/Madrid": "barcelona, seville, spain, valencia",
    "Europe/Moscow": "petersburg, saint petersburg, st petersburg",
    "Europe/Oslo": "bergen, norway",
    "Europe/Paris": "bordeaux, france, lille, lyon, marseille, toulouse",
    "Europe/Prague": "brno, czech republic, czechia",
    "Europe/Rome": "bologna, florence, italy, milan, milano, naples, roma, turin, venice",
    "Europe/Sofia": "bulgaria",
    "Europe/Stockholm": "gothenburg, malmo, sweden",
    "Europe/Vienna": "austria, graz, salzburg, wien",
    "Europe/Warsaw": "gdansk, krakow, wroclaw",
    "Europe/Zurich": "basel, bern, geneva, lausanne, switzerland",
    "Pacific/Auckland": "christchurch, new zealand, wellington",
    "Pacific/Honolulu": "hawaii",
    "Australia/Sydney": "canberra",
}

ZONE_OF: Final = {name: zone for zone, names in _BY_ZONE.items() for name in names.split(", ")}
"""From a plain lower-case name to the key of its time zone."""

_COUNTRIES: Final = "america, australia, brazil, canada, indonesia, mexico, russia, united states, us, usa"
_ABBREVIATIONS: Final = "ast, bst, cst, cdt, edt, ist, mdt, pdt, pst, sst"
SEVERAL: Final = frozenset(f"{_COUNTRIES}, {_ABBREVIATIONS}".split(", "))
"""Countries and abbreviations that mean several time zones."""
