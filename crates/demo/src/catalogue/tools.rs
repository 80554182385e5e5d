//! Tools that one holds, plugs in or measures with.

use crate::catalogue::{Family, GOODS};

const MILLIMETRES: &[&str] =
    &["6 mm", "8 mm", "10 mm", "13 mm", "17 mm", "19 mm", "22 mm", "24 mm", "27 mm", "30 mm"];

/// The families.
pub(super) const FAMILIES: &[Family] = &[
    Family {
        code: "CW",
        name: "Combination wrench",
        chinese: "两用扳手",
        variants: MILLIMETRES,
        price: 4_900,
        step: 13,
        cost: 58,
        weight: 60,
        boxed: 10,
        usual: (1, 30),
        ..GOODS
    },
    Family {
        code: "SD",
        name: "Screwdriver",
        chinese: "螺丝刀",
        variants: &["PH0", "PH1", "PH2", "PZ1", "PZ2", "TX15", "TX20", "TX25"],
        price: 4_250,
        step: 6,
        cost: 55,
        weight: 70,
        boxed: 12,
        usual: (2, 40),
        ..GOODS
    },
    Family {
        code: "HM",
        name: "Engineer's hammer",
        chinese: "钳工锤",
        variants: &["300 g", "500 g", "800 g", "1000 g", "1500 g"],
        price: 12_900,
        step: 15,
        cost: 57,
        weight: 450,
        boxed: 6,
        usual: (1, 18),
        ..GOODS
    },
    Family {
        code: "PL",
        name: "Pliers",
        chinese: "钳子",
        variants: &[
            "side cutter",
            "combination",
            "long nose",
            "water pump",
            "crimping",
            "end nipper",
        ],
        price: 14_800,
        step: 9,
        cost: 58,
        weight: 240,
        boxed: 6,
        usual: (1, 20),
        ..GOODS
    },
    Family {
        code: "TS",
        name: "Socket set",
        chinese: "套筒组",
        unit: "SET",
        variants: &[
            "1/4 inch, 46 parts",
            "3/8 inch, 60 parts",
            "1/2 inch, 94 parts",
            "1/2 inch, 171 parts",
        ],
        price: 69_000,
        step: 38,
        cost: 60,
        weight: 4_200,
        usual: (1, 6),
        ..GOODS
    },
    Family {
        code: "DR",
        name: "Twist drill, HSS,",
        chinese: "高速钢麻花钻",
        variants: &["3 mm", "4 mm", "5 mm", "6 mm", "8 mm", "10 mm", "12 mm", "13 mm"],
        price: 1_290,
        step: 24,
        cost: 50,
        weight: 20,
        boxed: 10,
        usual: (5, 100),
        ..GOODS
    },
    Family {
        code: "CD",
        name: "Cordless drill",
        chinese: "充电钻",
        group: "power-tools",
        variants: &["12 V compact", "18 V", "18 V hammer", "18 V brushless", "36 V"],
        price: 119_000,
        step: 26,
        cost: 66,
        weight: 1_600,
        usual: (1, 8),
        ..GOODS
    },
    Family {
        code: "AG",
        name: "Angle grinder",
        chinese: "角磨机",
        group: "power-tools",
        variants: &["115 mm", "125 mm", "125 mm variable", "180 mm", "230 mm"],
        price: 79_000,
        step: 22,
        cost: 65,
        weight: 2_300,
        usual: (1, 8),
        ..GOODS
    },
    Family {
        code: "SW",
        name: "Circular saw",
        chinese: "圆锯",
        group: "power-tools",
        variants: &["160 mm", "190 mm", "235 mm", "table saw 254 mm"],
        price: 149_000,
        step: 31,
        cost: 66,
        weight: 4_800,
        usual: (1, 4),
        ..GOODS
    },
    Family {
        code: "CC",
        name: "Cutting disc",
        chinese: "切割片",
        group: "power-tools",
        variants: &["115 × 1.0", "115 × 1.6", "125 × 1.0", "125 × 1.6", "180 × 2.0", "230 × 2.0"],
        price: 890,
        step: 18,
        cost: 46,
        weight: 40,
        boxed: 25,
        usual: (25, 500),
        ..GOODS
    },
    Family {
        code: "ME",
        name: "Measuring tool",
        chinese: "量具",
        group: "measuring",
        variants: &[
            "tape 3 m",
            "tape 5 m",
            "tape 8 m",
            "spirit level 60 cm",
            "spirit level 120 cm",
            "caliper 150 mm",
            "laser distance 50 m",
            "cross-line laser",
        ],
        price: 5_400,
        step: 45,
        cost: 58,
        weight: 250,
        boxed: 6,
        usual: (1, 24),
        ..GOODS
    },
];
