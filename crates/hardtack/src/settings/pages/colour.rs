//! A colour, and how well it can be told from another.

use std::fmt;
use std::str::FromStr;

/// A colour of sRGB, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// The text is no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written #rrggbb, as in #0d5c69")]
pub struct ParseColourError;

impl Colour {
    /// From red, green and blue.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// How well it can be told from `other`: 1 not at all, 21 is black on white (WCAG 2.2, "contrast
    /// ratio"). Above 4.5 is what text needs at level AA.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Mixed with white, of which `percent` is taken.
    #[must_use]
    pub fn lightened(self, percent: u8) -> Self {
        let percent = u16::from(percent.min(100));
        Self(self.0.map(|channel| {
            let channel = u16::from(channel);
            let mixed = (channel * (100 - percent) + 255 * percent) / 100;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        }))
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 {
                channel / 12.92
            } else {
                ((channel + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl FromStr for Colour {
    type Err = ParseColourError;

    fn from_str(text: &str) -> Result<Self, ParseColourError> {
        let digits = text.strip_prefix('#').ok_or(ParseColourError)?;
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ParseColourError);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| ParseColourError)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_what_wcag_says() {
        let (black, white) = (Colour::new(0, 0, 0), Colour::new(255, 255, 255));
        assert!((black.contrast(white) - 21.0).abs() < 1e-9);
        assert!((white.contrast(white) - 1.0).abs() < 1e-9);
        // The grey that is known as the lightest one that passes on white.
        let grey: Colour = "#767676".parse().unwrap();
        let lighter: Colour = "#777777".parse().unwrap();
        assert!(grey.contrast(white) >= 4.5 && lighter.contrast(white) < 4.5);
    }

    #[test]
    fn a_colour_is_read_as_it_is_written() {
        let colour: Colour = "#0D5c69".parse().unwrap();
        assert_eq!(colour.to_string(), "#0d5c69");
        for text in [
            "", "#", "#fff", "0d5c69", "#0d5c6", "#0d5c690", "#0d5c6g", "red", "#+d5c69",
        ] {
            assert!(text.parse::<Colour>().is_err(), "{text}");
        }
    }
}
