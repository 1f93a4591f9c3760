//! The protocol, searched; and the searches' own teeth.

#[cfg(test)]
mod broken;
#[cfg(test)]
mod kept;
