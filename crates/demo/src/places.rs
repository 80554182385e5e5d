//! Countries and towns in which customers are.

use tessera_kernel::Currency;

/// A country that a house sells to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Country {
    pub(crate) code: &'static str,
    /// Language in which one writes to customers there.
    pub(crate) language: &'static str,
    /// Currency of their documents, where it is not the house's own.
    pub(crate) currency: Option<&'static str>,
    /// Towns with the beginning of their postal codes.
    pub(crate) towns: &'static [(&'static str, &'static str)],
    pub(crate) streets: &'static [&'static str],
    pub(crate) legal_forms: &'static [&'static str],
}

impl Country {
    /// Currency of documents of a house.
    pub(crate) fn currency_at(&self, own: Currency) -> Currency {
        self.currency.and_then(|code| Currency::parse(code).ok()).unwrap_or(own)
    }
}

/// Countries that each house sells to, with how many of a hundred customers are there.
pub(crate) const MARKETS: [&[(u64, Country)]; 3] = [
    &[
        (52, GERMANY),
        (9, AUSTRIA),
        (7, SWITZERLAND),
        (8, FRANCE),
        (7, NETHERLANDS),
        (5, ITALY),
        (5, POLAND),
        (3, SPAIN),
        (2, CHINA),
        (2, JAPAN),
    ],
    &[(86, BRITAIN), (14, IRELAND)],
    &[(88, AMERICA), (12, CANADA)],
];

const GERMANY: Country = Country {
    code: "DE",
    language: "de",
    currency: None,
    towns: &[
        ("Hamburg", "20"),
        ("Berlin", "10"),
        ("München", "80"),
        ("Köln", "50"),
        ("Frankfurt am Main", "60"),
        ("Stuttgart", "70"),
        ("Leipzig", "04"),
        ("Dresden", "01"),
        ("Bremen", "28"),
        ("Hannover", "30"),
        ("Nürnberg", "90"),
        ("Dortmund", "44"),
        ("Kassel", "34"),
        ("Rostock", "18"),
        ("Erfurt", "99"),
        ("Freiburg", "79"),
    ],
    streets: &[
        "Industriestraße",
        "Hafenstraße",
        "Am Gewerbepark",
        "Werkstraße",
        "Lindenallee",
        "Bahnhofstraße",
        "Gutenbergring",
        "Otto-Hahn-Straße",
        "Mühlenweg",
        "Siemensstraße",
    ],
    legal_forms: &["GmbH", "GmbH & Co. KG", "AG", "KG", "OHG", "eG"],
};

const AUSTRIA: Country = Country {
    code: "AT",
    towns: &[("Wien", "10"), ("Graz", "80"), ("Linz", "40"), ("Salzburg", "50"), ("Wels", "46")],
    legal_forms: &["GmbH", "AG", "KG"],
    ..GERMANY
};

const SWITZERLAND: Country = Country {
    code: "CH",
    currency: Some("CHF"),
    towns: &[("Zürich", "80"), ("Basel", "40"), ("Bern", "30"), ("Winterthur", "84")],
    legal_forms: &["AG", "GmbH"],
    ..GERMANY
};

const FRANCE: Country = Country {
    code: "FR",
    language: "fr",
    currency: None,
    towns: &[
        ("Lyon", "690"),
        ("Lille", "590"),
        ("Nantes", "440"),
        ("Toulouse", "310"),
        ("Strasbourg", "670"),
        ("Grenoble", "380"),
    ],
    streets: &["Rue de l'Industrie", "Avenue des Ateliers", "Rue du Port", "Boulevard Ampère"],
    legal_forms: &["SARL", "SAS", "SA"],
};

const NETHERLANDS: Country = Country {
    code: "NL",
    language: "nl",
    currency: None,
    towns: &[("Rotterdam", "30"), ("Eindhoven", "56"), ("Utrecht", "35"), ("Zwolle", "80")],
    streets: &["Havenweg", "Industrieweg", "Nijverheidsstraat", "Marconistraat"],
    legal_forms: &["B.V.", "N.V."],
};

const ITALY: Country = Country {
    code: "IT",
    language: "it",
    currency: None,
    towns: &[("Torino", "101"), ("Bologna", "401"), ("Verona", "371"), ("Brescia", "251")],
    streets: &["Via dell'Industria", "Via Galvani", "Via del Lavoro", "Corso Europa"],
    legal_forms: &["S.r.l.", "S.p.A."],
};

const POLAND: Country = Country {
    code: "PL",
    language: "pl",
    currency: None,
    towns: &[("Poznań", "60"), ("Wrocław", "50"), ("Gdańsk", "80"), ("Łódź", "90")],
    streets: &["ul. Przemysłowa", "ul. Fabryczna", "ul. Portowa", "ul. Warsztatowa"],
    legal_forms: &["sp. z o.o.", "S.A."],
};

const SPAIN: Country = Country {
    code: "ES",
    language: "es",
    currency: None,
    towns: &[("Bilbao", "480"), ("Zaragoza", "500"), ("Valencia", "460"), ("Vigo", "362")],
    streets: &["Calle del Taller", "Avenida de la Industria", "Calle del Puerto"],
    legal_forms: &["S.L.", "S.A."],
};

const CHINA: Country = Country {
    code: "CN",
    language: "zh-Hans",
    currency: Some("USD"),
    towns: &[("宁波", "315"), ("苏州", "215"), ("青岛", "266")],
    streets: &["工业路", "港口大道", "科技园路"],
    legal_forms: &["有限公司"],
};

const JAPAN: Country = Country {
    code: "JP",
    language: "ja",
    currency: Some("JPY"),
    towns: &[("Nagoya", "450"), ("Osaka", "530"), ("Sendai", "980")],
    streets: &["Sakae", "Umeda", "Aoba"],
    legal_forms: &["K.K."],
};

const BRITAIN: Country = Country {
    code: "GB",
    language: "en",
    currency: None,
    towns: &[
        ("Leicester", "LE"),
        ("Birmingham", "B"),
        ("Leeds", "LS"),
        ("Sheffield", "S"),
        ("Bristol", "BS"),
        ("Glasgow", "G"),
        ("Manchester", "M"),
        ("Hull", "HU"),
        ("Coventry", "CV"),
        ("Cardiff", "CF"),
        ("Plymouth", "PL"),
        ("Norwich", "NR"),
    ],
    streets: &[
        "Foundry Lane",
        "Station Road",
        "Canal Street",
        "Mill Road",
        "Dock Street",
        "Enterprise Way",
        "Castle Street",
        "Kings Road",
    ],
    legal_forms: &["Ltd", "plc", "& Sons Ltd", "LLP"],
};

const IRELAND: Country = Country {
    code: "IE",
    currency: Some("EUR"),
    towns: &[("Dublin", "D"), ("Cork", "T"), ("Galway", "H"), ("Limerick", "V")],
    legal_forms: &["Ltd", "DAC"],
    ..BRITAIN
};

const AMERICA: Country = Country {
    code: "US",
    language: "en",
    currency: None,
    towns: &[
        ("Newark, NJ", "071"),
        ("Philadelphia, PA", "191"),
        ("Baltimore, MD", "212"),
        ("Buffalo, NY", "142"),
        ("Pittsburgh, PA", "152"),
        ("Cleveland, OH", "441"),
        ("Hartford, CT", "061"),
        ("Boston, MA", "021"),
        ("Richmond, VA", "232"),
        ("Charlotte, NC", "282"),
        ("Detroit, MI", "482"),
        ("Providence, RI", "029"),
    ],
    streets: &[
        "Commerce Drive",
        "Industrial Boulevard",
        "Harbor Avenue",
        "Main Street",
        "Mill Street",
        "Depot Road",
        "Lincoln Avenue",
        "Foundry Street",
    ],
    legal_forms: &["Inc.", "LLC", "Corp.", "Co."],
};

const CANADA: Country = Country {
    code: "CA",
    currency: Some("CAD"),
    towns: &[("Toronto, ON", "M"), ("Hamilton, ON", "L"), ("Montréal, QC", "H")],
    legal_forms: &["Ltd.", "Inc."],
    ..AMERICA
};
