//! Small files of every kind of row, and files that are broken.

mod broken;
mod kinds;
mod shop;
