//! What is sold: families of products with their variants.

/// How a family is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From stock.
    Goods,
    /// Not delivered, billed by the order.
    Service,
}

/// Products that differ in one thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Family {
    /// First letters of the product numbers.
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) chinese: &'static str,
    pub(crate) group: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: &'static str,
    pub(crate) variants: &'static [&'static str],
    /// Price of the first variant, in thousandths of a euro, and how much more the next ones cost,
    /// in percent.
    pub(crate) price: i64,
    pub(crate) step: i64,
    /// Cost in percent of the price.
    pub(crate) cost: i64,
    /// Weight of a base unit of the first variant in grams.
    pub(crate) weight: i64,
    /// Base units in a box; 1 for none.
    pub(crate) boxed: i64,
    /// What one orders of it, in base units.
    pub(crate) usual: (i64, i64),
    pub(crate) reduced_tax: bool,
}

const GOODS: Family = Family {
    code: "",
    name: "",
    chinese: "",
    group: "hand-tools",
    kind: Kind::Goods,
    unit: "PC",
    variants: &[],
    price: 0,
    step: 12,
    cost: 62,
    weight: 500,
    boxed: 1,
    usual: (1, 10),
    reduced_tax: false,
};

const METRIC: &[&str] = &[
    "M4 × 12", "M5 × 16", "M5 × 20", "M6 × 20", "M6 × 30", "M8 × 25", "M8 × 40", "M10 × 40",
    "M10 × 60", "M12 × 50", "M12 × 80", "M16 × 80",
];
const THREADS: &[&str] =
    &["M4", "M5", "M6", "M8", "M10", "M12", "M14", "M16", "M18", "M20"];
const SIZES: &[&str] = &["XS", "S", "M", "L", "XL", "XXL"];
const MILLIMETRES: &[&str] =
    &["6 mm", "8 mm", "10 mm", "13 mm", "17 mm", "19 mm", "22 mm", "24 mm", "27 mm", "30 mm"];

/// Everything that the demo company sells.
pub(crate) const FAMILIES: [Family; 33] = [
    Family { code: "HB", name: "Hex bolt, zinc plated,", chinese: "镀锌六角螺栓", group: "fasteners", variants: METRIC, price: 95, step: 16, cost: 48, weight: 8, boxed: 100, usual: (100, 2_000), ..GOODS },
    Family { code: "HN", name: "Hex nut, zinc plated,", chinese: "镀锌六角螺母", group: "fasteners", variants: THREADS, price: 35, step: 18, cost: 45, weight: 3, boxed: 200, usual: (200, 4_000), ..GOODS },
    Family { code: "FW", name: "Flat washer,", chinese: "平垫圈", group: "fasteners", variants: THREADS, price: 18, step: 17, cost: 44, weight: 2, boxed: 500, usual: (500, 5_000), ..GOODS },
    Family { code: "TR", name: "Threaded rod, 1 m,", chinese: "螺纹杆 1 米", group: "fasteners", variants: THREADS, price: 1_150, step: 22, cost: 55, weight: 180, boxed: 25, usual: (5, 100), ..GOODS },
    Family { code: "WS", name: "Wood screw, 100 pieces,", chinese: "木螺钉 100 件", group: "fasteners", unit: "PACK", variants: &["3.5 × 30", "4 × 40", "4.5 × 50", "5 × 60", "5 × 80", "6 × 100"], price: 3_490, step: 21, cost: 52, weight: 260, boxed: 20, usual: (2, 60), ..GOODS },
    Family { code: "HS", name: "Hex bolt, stainless A2,", chinese: "不锈钢 A2 六角螺栓", group: "fasteners", variants: METRIC, price: 240, step: 17, cost: 52, weight: 8, boxed: 100, usual: (50, 1_000), ..GOODS },
    Family { code: "NS", name: "Hex nut, stainless A2,", chinese: "不锈钢 A2 六角螺母", group: "fasteners", variants: THREADS, price: 88, step: 18, cost: 50, weight: 3, boxed: 200, usual: (100, 2_000), ..GOODS },
    Family { code: "CS", name: "Socket cap screw 8.8,", chinese: "8.8 级内六角螺钉", group: "fasteners", variants: METRIC, price: 125, step: 16, cost: 49, weight: 9, boxed: 100, usual: (100, 1_500), ..GOODS },
    Family { code: "AN", name: "Through anchor,", chinese: "穿墙锚栓", group: "fasteners", variants: THREADS, price: 610, step: 21, cost: 51, weight: 40, boxed: 50, usual: (50, 500), ..GOODS },
    Family { code: "CW", name: "Combination wrench", chinese: "两用扳手", variants: MILLIMETRES, price: 4_900, step: 13, cost: 58, weight: 60, boxed: 10, usual: (1, 30), ..GOODS },
    Family { code: "SD", name: "Screwdriver", chinese: "螺丝刀", variants: &["PH0", "PH1", "PH2", "PZ1", "PZ2", "TX15", "TX20", "TX25"], price: 4_250, step: 6, cost: 55, weight: 70, boxed: 12, usual: (2, 40), ..GOODS },
    Family { code: "HM", name: "Engineer's hammer", chinese: "钳工锤", variants: &["300 g", "500 g", "800 g", "1000 g", "1500 g"], price: 12_900, step: 15, cost: 57, weight: 450, boxed: 6, usual: (1, 18), ..GOODS },
    Family { code: "PL", name: "Pliers", chinese: "钳子", variants: &["side cutter", "combination", "long nose", "water pump", "crimping", "end nipper"], price: 14_800, step: 9, cost: 58, weight: 240, boxed: 6, usual: (1, 20), ..GOODS },
    Family { code: "TS", name: "Socket set", chinese: "套筒组", unit: "SET", variants: &["1/4 inch, 46 parts", "3/8 inch, 60 parts", "1/2 inch, 94 parts", "1/2 inch, 171 parts"], price: 69_000, step: 38, cost: 60, weight: 4_200, usual: (1, 6), ..GOODS },
    Family { code: "DR", name: "Twist drill, HSS,", chinese: "高速钢麻花钻", variants: &["3 mm", "4 mm", "5 mm", "6 mm", "8 mm", "10 mm", "12 mm", "13 mm"], price: 1_290, step: 24, cost: 50, weight: 20, boxed: 10, usual: (5, 100), ..GOODS },
    Family { code: "CD", name: "Cordless drill", chinese: "充电钻", group: "power-tools", variants: &["12 V compact", "18 V", "18 V hammer", "18 V brushless", "36 V"], price: 119_000, step: 26, cost: 66, weight: 1_600, usual: (1, 8), ..GOODS },
    Family { code: "AG", name: "Angle grinder", chinese: "角磨机", group: "power-tools", variants: &["115 mm", "125 mm", "125 mm variable", "180 mm", "230 mm"], price: 79_000, step: 22, cost: 65, weight: 2_300, usual: (1, 8), ..GOODS },
    Family { code: "SW", name: "Circular saw", chinese: "圆锯", group: "power-tools", variants: &["160 mm", "190 mm", "235 mm", "table saw 254 mm"], price: 149_000, step: 31, cost: 66, weight: 4_800, usual: (1, 4), ..GOODS },
    Family { code: "CC", name: "Cutting disc", chinese: "切割片", group: "power-tools", variants: &["115 × 1.0", "115 × 1.6", "125 × 1.0", "125 × 1.6", "180 × 2.0", "230 × 2.0"], price: 890, step: 18, cost: 46, weight: 40, boxed: 25, usual: (25, 500), ..GOODS },
    Family { code: "GL", name: "Assembly glove", chinese: "装配手套", group: "safety", unit: "PAIR", variants: SIZES, price: 2_100, step: 2, cost: 47, weight: 45, boxed: 12, usual: (12, 240), ..GOODS },
    Family { code: "SH", name: "Safety shoe S3", chinese: "安全鞋 S3", group: "safety", unit: "PAIR", variants: &["39", "40", "41", "42", "43", "44", "45", "46"], price: 58_000, step: 1, cost: 59, weight: 1_250, boxed: 5, usual: (1, 25), ..GOODS },
    Family { code: "HE", name: "Safety helmet", chinese: "安全帽", group: "safety", variants: &["white", "yellow", "blue", "red", "with visor"], price: 11_500, step: 4, cost: 52, weight: 380, boxed: 20, usual: (2, 60), ..GOODS },
    Family { code: "GO", name: "Safety goggles", chinese: "护目镜", group: "safety", variants: &["clear", "tinted", "anti-fog", "over-glasses"], price: 5_900, step: 12, cost: 50, weight: 50, boxed: 10, usual: (5, 100), ..GOODS },
    Family { code: "RM", name: "Respirator mask", chinese: "防尘口罩", group: "safety", unit: "PACK", variants: &["FFP1, 20 pieces", "FFP2, 20 pieces", "FFP2 with valve, 15 pieces", "FFP3, 10 pieces"], price: 13_900, step: 17, cost: 49, weight: 300, boxed: 12, usual: (2, 48), ..GOODS },
    Family { code: "CA", name: "Installation cable", chinese: "安装电缆", group: "electrical", unit: "M", variants: &["3 × 1.5", "3 × 2.5", "5 × 1.5", "5 × 2.5", "5 × 4", "5 × 6"], price: 790, step: 34, cost: 68, weight: 130, usual: (50, 800), ..GOODS },
    Family { code: "CB", name: "Circuit breaker", chinese: "断路器", group: "electrical", variants: &["B6", "B10", "B16", "B20", "C10", "C16", "C20", "C32"], price: 4_400, step: 4, cost: 60, weight: 120, boxed: 12, usual: (6, 96), ..GOODS },
    Family { code: "LE", name: "LED work light", chinese: "LED 工作灯", group: "electrical", variants: &["10 W", "20 W", "30 W", "50 W", "100 W"], price: 22_900, step: 29, cost: 61, weight: 900, boxed: 4, usual: (1, 24), ..GOODS },
    Family { code: "PA", name: "Metal paint", chinese: "金属漆", group: "chemicals", unit: "L", variants: &["primer grey", "white", "black", "signal red", "signal yellow", "gentian blue", "moss green"], price: 16_400, step: 2, cost: 56, weight: 1_300, usual: (1, 60), ..GOODS },
    Family { code: "CL", name: "Cleaner", chinese: "清洁剂", group: "chemicals", unit: "L", variants: &["industrial", "cold", "brake", "glass", "hand wash paste"], price: 5_800, step: 14, cost: 50, weight: 1_050, usual: (5, 120), ..GOODS },
    Family { code: "SR", name: "Shelving bay", chinese: "货架单元", group: "storage", unit: "SET", variants: &["1800 × 900 × 400", "2000 × 1000 × 500", "2500 × 1000 × 600", "pallet rack 2700", "cantilever 2000"], price: 89_000, step: 41, cost: 63, weight: 28_000, usual: (1, 20), ..GOODS },
    Family { code: "ME", name: "Measuring tool", chinese: "量具", group: "measuring", variants: &["tape 3 m", "tape 5 m", "tape 8 m", "spirit level 60 cm", "spirit level 120 cm", "caliper 150 mm", "laser distance 50 m", "cross-line laser"], price: 5_400, step: 45, cost: 58, weight: 250, boxed: 6, usual: (1, 24), ..GOODS },
    Family { code: "BK", name: "Handbook", chinese: "手册", group: "books", variants: &["metalwork", "welding", "electrical installation", "workshop safety", "hydraulics"], price: 34_900, step: 8, cost: 70, weight: 900, usual: (1, 8), reduced_tax: true, ..GOODS },
    Family { code: "SV", name: "Service:", chinese: "服务", group: "services", kind: Kind::Service, unit: "H", variants: &["tool calibration", "on-site repair", "shelving assembly", "safety training", "inventory management"], price: 68_000, step: 9, cost: 0, weight: 0, usual: (1, 16), ..GOODS },
];
