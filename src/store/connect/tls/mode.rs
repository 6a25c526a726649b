//! The six values of `sslmode`, in the order of their strength. Decides nothing itself.

use super::super::parameters::{Parameters, invalid};
use super::super::values::one_of;
use crate::store::error::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store::connect) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    /// Parses `sslmode`. With the system's root certificates, only `verify-full` is allowed, and is the default.
    pub(super) fn from_parameters(parameters: &Parameters) -> Result<Self> {
        let mode = one_of(
            parameters,
            "sslmode",
            &[
                ("prefer", Self::Prefer),
                ("disable", Self::Disable),
                ("allow", Self::Allow),
                ("require", Self::Require),
                ("verify-ca", Self::VerifyCa),
                ("verify-full", Self::VerifyFull),
            ],
        )?;
        if parameters.get("sslrootcert") != Some("system") || mode == Self::VerifyFull {
            return Ok(mode);
        }
        match parameters.get("sslmode") {
            None => Ok(Self::VerifyFull),
            Some(_) => Err(invalid("sslrootcert=system needs sslmode=verify-full")),
        }
    }
}
