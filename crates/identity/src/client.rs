//! Where a try comes from, and how many wrong ones are taken from there, whatever the login: whoever
//! guesses one password for many logins is slowed as well.
//!
//! A bucket that leaks: it holds `client_tries`, each wrong try fills it by one, and every
//! `client_refill_seconds` one leaks out. It is kept as the moment at which it will be empty.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Condition, Fault, Operator, RowBuffer, Select, TableDef,
    Tx,
};

use crate::settings::IdentitySettings;

/// Buckets by client. It has nothing but figures, so that a row that is not there can be held.
pub(crate) static SIGN_IN_BUCKET: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("client", ColumnType::Text),
        ColumnDef::required("empty_at", ColumnType::Int),
    ];
    TableDef::new("sign_in_bucket", columns, 1).with_index(&["empty_at"], false)
});

/// Where a try comes from: an address, of IPv6 the network that one customer gets; none where it
/// is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client(Option<IpAddr>);

impl Client {
    /// The client at an address.
    pub(crate) fn at(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
            address => address,
        }))
    }

    /// As text; empty where it is not known.
    pub(crate) fn text(self) -> String {
        self.0.map(|address| address.to_string()).unwrap_or_default()
    }

    /// The same as a cell, empty where it is not known.
    pub(crate) fn cell(self) -> Cell {
        self.0.map_or(Cell::Null, |address| Cell::Text(address.to_string()))
    }
}

/// Fills the client's bucket by one try; or answers the seconds until there is room for it.
pub(crate) fn fill(tx: &mut Tx<'_>, client: Client) -> Result<Option<i64>, Fault> {
    if client.0.is_none() {
        return Ok(None);
    }
    let (one, all) = sizes(tx)?;
    let now = tx.now().as_micros();
    // What is full of more than it holds was filled by a clock that was set back since.
    let empty_at = hold(tx, client)?.max(now);
    let empty_at = if empty_at > now + all { now } else { empty_at };
    if empty_at + one > now + all {
        return Ok(Some((empty_at + one - now - all) / 1_000_000 + 1));
    }
    save(tx, client, empty_at + one)?;
    Ok(None)
}

/// Takes back what the last try filled: it was right.
pub(crate) fn drain(tx: &mut Tx<'_>, client: Client) -> Result<(), Fault> {
    if client.0.is_none() {
        return Ok(());
    }
    let (one, _) = sizes(tx)?;
    let empty_at = hold(tx, client)?;
    save(tx, client, empty_at - one)
}

/// Deletes buckets that are empty.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let now = Cell::Int(tx.now().as_micros());
    let empty = Condition::compare(1, Operator::Le, now);
    let mut clients = Vec::new();
    tx.select(&Select::from(&SIGN_IN_BUCKET, &[0]).filter(empty), &mut |row| {
        clients.extend(row.text()?.map(str::to_string));
        Ok(())
    })?;
    for client in &clients {
        tx.connection().delete(&SIGN_IN_BUCKET, &[CellRef::Text(client)])?;
    }
    Ok(clients.len())
}

/// Microseconds that one try, and all that a bucket holds, take to leak out.
fn sizes(tx: &Tx<'_>) -> Result<(i64, i64), Fault> {
    let policy = &tx.settings::<IdentitySettings>()?.sign_in;
    let one = i64::from(policy.client_refill_seconds) * 1_000_000;
    Ok((one, one * i64::from(policy.client_tries)))
}

fn hold(tx: &mut Tx<'_>, client: Client) -> Result<i64, Fault> {
    let text = client.text();
    let key = [CellRef::Text(&text)];
    let mut empty_at = 0;
    tx.connection().hold(&SIGN_IN_BUCKET, &key)?;
    tx.connection().rows(&SIGN_IN_BUCKET, &key, &mut |row| {
        row.text()?;
        empty_at = row.int()?.unwrap_or(0);
        Ok(())
    })?;
    Ok(empty_at)
}

fn save(tx: &mut Tx<'_>, client: Client, empty_at: i64) -> Result<(), Fault> {
    let row = RowBuffer(vec![Cell::Text(client.text()), Cell::Int(empty_at)]);
    Ok(tx.connection().put(&SIGN_IN_BUCKET, &row)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_one_network_are_one_client() {
        let at = |text: &str| Client::at(Some(text.parse().unwrap()));
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::7"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }
}
