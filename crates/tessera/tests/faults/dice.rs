//! Chance that can be had again: everything that a campaign draws follows from one seed. What the
//! operating system does meanwhile does not, so a seed repeats the faults and their moments, not
//! every interleaving.

/// The variable that names the seed.
const VARIABLE: &str = "TESSERA_FAULTS_SEED";

/// A source of chance.
pub(crate) type Dice = fastrand::Rng;

/// The seed of this run.
pub(crate) fn seed() -> u64 {
    match std::env::var(VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{VARIABLE} is a number, not {text}")),
        Err(_) => 0,
    }
}

/// The dice of one part of a run.
pub(crate) fn dice(part: &str, number: usize) -> Dice {
    let start = seed() ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // FNV-1a (Fowler, Noll, Vo): parts of other names draw otherwise.
    let mixed = part
        .bytes()
        .fold(start, |mix, byte| (mix ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Dice::with_seed(mixed)
}

/// How a run is repeated.
pub(crate) fn again() -> String {
    format!("{VARIABLE}={}", seed())
}
