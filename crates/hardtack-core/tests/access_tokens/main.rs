//! Access tokens seen from outside: another library on the other side, and everything that was
//! ever done to tokens.

#[cfg(test)]
mod any_bytes;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod simplejwt;
