//! Invented names of people and companies.

use crate::dice::Dice;
use crate::places::Country;

const FIRST_NAMES: [&str; 40] = [
    "Anna", "Ben", "Clara", "David", "Elena", "Felix", "Greta", "Henry", "Ida", "Jakob", "Karin",
    "Leo", "Marta", "Nils", "Olivia", "Paul", "Rosa", "Simon", "Tessa", "Viktor", "Alice", "Bruno",
    "Carmen", "Dario", "Edith", "Frank", "Gloria", "Hugo", "Irene", "Jonas", "Laura", "Marco",
    "Nora", "Oscar", "Petra", "Robert", "Sarah", "Thomas", "Vera", "Walter",
];

const FAMILY_NAMES: [&str; 48] = [
    "Achterberg",
    "Aldington",
    "Barrow",
    "Bergkamp",
    "Brandner",
    "Calloway",
    "Castell",
    "Corvin",
    "Dahlmann",
    "Delacroix",
    "Eastwick",
    "Ehrenfeld",
    "Fairburn",
    "Falkner",
    "Ferrand",
    "Galt",
    "Greythorn",
    "Haldane",
    "Harkort",
    "Hollis",
    "Ingram",
    "Janssen",
    "Kestrel",
    "Kowal",
    "Lindqvist",
    "Lockwood",
    "Marlowe",
    "Merten",
    "Montrose",
    "Nordahl",
    "Oakes",
    "Orsini",
    "Pellworm",
    "Prescott",
    "Quandt",
    "Ravenel",
    "Reinholt",
    "Sattler",
    "Seymour",
    "Stahlberg",
    "Thorne",
    "Ullmann",
    "Vance",
    "Verhoeven",
    "Wachter",
    "Whitlock",
    "Ysenburg",
    "Zoller",
];

/// A trade with the section of its industry in ISIC.
const TRADES: [(&str, &str); 26] = [
    ("Maschinenbau", "C"),
    ("Metallbau", "C"),
    ("Elektrotechnik", "F"),
    ("Bau", "F"),
    ("Logistik", "H"),
    ("Werkzeughandel", "G"),
    ("Anlagentechnik", "C"),
    ("Holzwerke", "C"),
    ("Schiffsbedarf", "G"),
    ("Haustechnik", "F"),
    ("Fahrzeugbau", "C"),
    ("Stadtwerke", "D"),
    ("Agrartechnik", "A"),
    ("Engineering", "M"),
    ("Construction", "F"),
    ("Fabrications", "C"),
    ("Tool Hire", "N"),
    ("Joinery", "C"),
    ("Marine Services", "H"),
    ("Electrical", "F"),
    ("Foundry", "C"),
    ("Plant Services", "N"),
    ("Hardware Stores", "G"),
    ("Rail Works", "H"),
    ("Timber", "A"),
    ("Facilities", "N"),
];

/// How many of the trades are German words.
const GERMAN_TRADES: usize = 13;

/// Beginnings of Chinese company names.
const CHINESE: [&str; 6] = ["恒远机械", "海晟五金", "东港工业", "鼎新设备", "瑞通工程", "华泽工具"];

/// The name of a person.
pub(crate) fn person(dice: &mut Dice) -> String {
    format!("{} {}", dice.pick(&FIRST_NAMES), dice.pick(&FAMILY_NAMES))
}

/// The name of a company in a country, and its industry.
pub(crate) fn company(dice: &mut Dice, country: &Country) -> (String, &'static str) {
    let form = dice.pick(country.legal_forms);
    if country.language == "zh-Hans" {
        let town = dice.pick(country.towns).0;
        return (format!("{town}{}{form}", dice.pick(&CHINESE)), "C");
    }
    let trades = match country.language {
        "de" => &TRADES[..GERMAN_TRADES],
        _ => &TRADES[GERMAN_TRADES..],
    };
    let (trade, industry) = *dice.pick(trades);
    let stem = dice.pick(&FAMILY_NAMES);
    let name = match dice.below(4) {
        0 => format!("{stem} & {} {trade} {form}", dice.pick(&FAMILY_NAMES)),
        1 => format!("{trade} {stem} {form}"),
        _ => format!("{stem} {trade} {form}"),
    };
    (name, industry)
}
