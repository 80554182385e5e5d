//! JSON: an array of records, or one record a line.

use std::io::{BufRead, Read as _};

use serde_json::Value;

use super::Row;
use super::input::Input;
use crate::error::CommandError;

/// Reads every record. A line that is no JSON is a row that fails; an array that is broken has no
/// rows that can be told apart, so nothing of it is booked.
pub(super) fn read(input: Input, take: &mut dyn FnMut(Row)) -> Result<(), CommandError> {
    let mut reader = input.reader;
    if is_array(&mut *reader)? { read_array(reader, take) } else { read_lines(reader, take) }
}

fn unread(error: impl std::fmt::Display) -> CommandError {
    CommandError::Input(format!("the file can't be read: {error}"))
}

fn is_array(reader: &mut dyn BufRead) -> Result<bool, CommandError> {
    loop {
        let start = reader.fill_buf().map_err(unread)?;
        let blank = start.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        match start.get(blank) {
            Some(byte) => return Ok(*byte == b'['),
            None if start.is_empty() => return Ok(false),
            None => reader.consume(blank),
        }
    }
}

fn read_array(mut reader: Box<dyn BufRead>, take: &mut dyn FnMut(Row)) -> Result<(), CommandError> {
    let mut text = String::new();
    reader.read_to_string(&mut text).map_err(unread)?;
    let records: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(&text).map_err(|error| CommandError::Input(error.to_string()))?;
    let (mut line, mut seen) = (1, 0);
    for record in records {
        // The record is a part of the text: what stands before it tells its line.
        let start = record.get().as_ptr().addr() - text.as_ptr().addr();
        line += text.as_bytes()[seen..start].iter().filter(|byte| **byte == b'\n').count();
        seen = start;
        let value = serde_json::from_str(record.get()).map_err(|error| error.to_string());
        take((u64::try_from(line).unwrap_or(u64::MAX), value));
    }
    Ok(())
}

fn read_lines(reader: Box<dyn BufRead>, take: &mut dyn FnMut(Row)) -> Result<(), CommandError> {
    for (line, bytes) in (1..).zip(reader.split(b'\n')) {
        let bytes = bytes.map_err(unread)?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        take((line, serde_json::from_slice::<Value>(&bytes).map_err(|error| error.to_string())));
    }
    Ok(())
}
