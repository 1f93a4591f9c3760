//! The one wrapper for what must not be seen, and the one source of what must not be guessed.

use std::fmt;

use zeroize::Zeroize;

/// A value that is not printed, not copied, not serialised, and wiped when dropped.
///
/// The only way out is [`expose_secret`](Self::expose_secret), so that every place where a secret
/// leaves its wrapper can be found by that name.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The bare value. Whoever calls this answers for where it goes.
    pub const fn expose_secret(&self) -> &T {
        &self.0
    }

    /// The bare value, to be filled where it lies, so that no copy is left behind.
    pub(crate) const fn expose_secret_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A source of unpredictable bytes.
///
/// An implementation that can be predicted gives away every session it made the id of. The one
/// for production is `hardtack::SystemEntropy`; tests pass a seeded one.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

impl<E: Entropy + ?Sized> Entropy for std::sync::Arc<E> {
    fn fill(&self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new(String::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(secret.expose_secret(), "hunter2");
    }
}
