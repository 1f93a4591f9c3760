//! The one source of randomness in production.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use hardtack_core::Entropy;

/// Unpredictable bytes from the operating system, through the crypto library's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// Ends the process when the operating system has no randomness to give: every token made
    /// without it could be guessed.
    fn fill(&self, bytes: &mut [u8]) {
        if SystemRandom::new().fill(bytes).is_err() {
            tracing::error!(
                "the operating system gives no random bytes: nothing secret can be made"
            );
            std::process::abort();
        }
    }
}
