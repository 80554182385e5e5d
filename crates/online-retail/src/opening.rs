//! Opening stock: so much of each product that it is never short.

use crate::history::History;
use crate::usage::Usage;

/// Pieces by position of the product: the most by which what leaves exceeds what comes in, up to
/// any row, in the order in which rows are posted.
pub(crate) fn opening_stock(history: &History) -> Vec<i64> {
    let mut stock = vec![0_i64; history.products.len()];
    let mut least = vec![0_i64; history.products.len()];
    for invoice in &history.invoices {
        // What a chain posts, in its order: goods issue, returns, found, written off.
        for wanted in [Usage::Sale, Usage::Return, Usage::Found, Usage::WrittenOff] {
            for line in &invoice.lines {
                let product = line.product as usize;
                let usage = if line.usage == Usage::Free { Usage::Sale } else { line.usage };
                if usage != wanted || !history.products[product].is_goods() {
                    continue;
                }
                let pieces = i64::from(line.quantity).abs();
                let leaves = matches!(usage, Usage::Sale | Usage::WrittenOff);
                stock[product] += if leaves { -pieces } else { pieces };
                least[product] = least[product].min(stock[product]);
            }
        }
    }
    least.into_iter().map(|least| -least).collect()
}
