//! What one hash costs.

/// What one Argon2id hash costs. Only made with at least the OWASP minimum (Password Storage Cheat
/// Sheet: 19 MiB, two passes, one lane), which is also the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    pub(super) memory_kib: u32,
    pub(super) iterations: u32,
    pub(super) parallelism: u32,
}

/// Why a cost cannot be used to make hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashCostError {
    /// Cheaper than the default in some respect: a stolen database could be guessed faster.
    #[error(
        "an argon2id hash takes at least {} KiB, {} iterations and {} lane",
        HashCost::MINIMUM.memory_kib, HashCost::MINIMUM.iterations, HashCost::MINIMUM.parallelism
    )]
    TooCheap,
    /// Dearer than what [`Hasher::verify`](super::Hasher::verify) is ready to spend: the hashes
    /// made would open nothing.
    #[error(
        "an argon2id hash takes at most {} KiB, {} iterations and {} lanes",
        HashCost::MAXIMUM.memory_kib, HashCost::MAXIMUM.iterations, HashCost::MAXIMUM.parallelism
    )]
    TooDear,
}

impl HashCost {
    const MINIMUM: Self = Self {
        memory_kib: 19 * 1024,
        iterations: 2,
        parallelism: 1,
    };

    /// The most that one verification may cost, ours or imported: about two seconds and 256 MiB.
    pub(super) const MAXIMUM: Self = Self {
        memory_kib: 256 * 1024,
        iterations: 10,
        parallelism: 16,
    };

    /// A cost of `memory_kib` KiB, `iterations` passes over it and `parallelism` lanes (which are
    /// computed one after the other, on one thread).
    ///
    /// # Errors
    /// [`HashCostError`], which names the bounds.
    pub const fn new(
        memory_kib: u32,
        iterations: u32,
        parallelism: u32,
    ) -> Result<Self, HashCostError> {
        let (least, most) = (Self::MINIMUM, Self::MAXIMUM);
        if memory_kib < least.memory_kib
            || iterations < least.iterations
            || parallelism < least.parallelism
        {
            return Err(HashCostError::TooCheap);
        }
        if memory_kib > most.memory_kib
            || iterations > most.iterations
            || parallelism > most.parallelism
        {
            return Err(HashCostError::TooDear);
        }
        Ok(Self {
            memory_kib,
            iterations,
            parallelism,
        })
    }

    /// A cost that protects nothing, for tests that hash often and care about something else.
    #[must_use]
    pub const fn danger_cheap_for_tests() -> Self {
        Self {
            memory_kib: 64,
            iterations: 1,
            parallelism: 1,
        }
    }

    /// Memory of one hash, in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn iterations(self) -> u32 {
        self.iterations
    }

    /// Lanes.
    #[must_use]
    pub const fn parallelism(self) -> u32 {
        self.parallelism
    }
}

impl Default for HashCost {
    fn default() -> Self {
        Self::MINIMUM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_below_the_owasp_minimum_is_refused() {
        for (memory_kib, iterations, parallelism) in
            [(19_455, 2, 1), (19_456, 1, 1), (19_456, 2, 0), (0, 0, 0)]
        {
            assert_eq!(
                HashCost::new(memory_kib, iterations, parallelism),
                Err(HashCostError::TooCheap)
            );
        }
        assert_eq!(HashCost::new(19_456, 2, 1), Ok(HashCost::default()));
    }

    #[test]
    fn a_cost_that_could_not_be_verified_is_refused() {
        for (memory_kib, iterations, parallelism) in [
            (u32::MAX, 2, 1),
            (19_456, u32::MAX, 1),
            (19_456, 2, u32::MAX),
        ] {
            assert_eq!(
                HashCost::new(memory_kib, iterations, parallelism),
                Err(HashCostError::TooDear)
            );
        }
    }
}
