//! Identifiers.

/// An identifier between quotes.
pub fn quote(name: &str) -> String {
    let mut sql = String::with_capacity(name.len() + 2);
    push_name(&mut sql, name);
    sql
}

/// Adds an identifier between quotes.
pub fn push_name(sql: &mut String, name: &str) {
    sql.push('"');
    for letter in name.chars() {
        if letter == '"' {
            sql.push('"');
        }
        sql.push(letter);
    }
    sql.push('"');
}

/// Adds the names of columns, separated by commas.
pub fn push_names<'n>(sql: &mut String, names: impl IntoIterator<Item = &'n str>) {
    for (position, name) in names.into_iter().enumerate() {
        if position > 0 {
            sql.push_str(", ");
        }
        push_name(sql, name);
    }
}
