//! What certificates say: when they end, and for whom they are.

use std::net::IpAddr;
use std::time::Duration;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// How long before its end a certificate is warned of.
const WARN_BEFORE: Duration = Duration::from_secs(30 * 24 * 3_600);

/// How long a certificate is still valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Longer than is warned of.
    Long,
    /// At most so many days.
    Days(u64),
    /// It has ended.
    Nothing,
}

/// Returns how long a certificate is still valid that ends at this time, in seconds since 1970.
#[must_use]
pub fn left(end: i64, now: i64) -> Left {
    match u64::try_from(end.saturating_sub(now)) {
        Err(_) | Ok(0) => Left::Nothing,
        Ok(seconds) if seconds < WARN_BEFORE.as_secs() => Left::Days(seconds.div_ceil(24 * 3_600)),
        Ok(_) => Left::Long,
    }
}

/// Returns when the certificates of a text in PEM end, in their order and in seconds since 1970. Those that cannot be read are left out.
#[must_use]
pub fn ends(pem: &[u8]) -> Vec<i64> {
    let certificates = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    certificates.filter_map(|certificate| end(&certificate)).collect()
}

/// Returns when a certificate ends, in seconds since 1970; `None` where it cannot be read.
pub(super) fn end(certificate: &CertificateDer<'_>) -> Option<i64> {
    let certificate = Certificate::from_der(certificate).ok()?;
    i64::try_from(certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs()).ok()
}

/// Returns the names (DNS, e-mail, address, URI) that a certificate is for; `None` where it cannot be read.
pub(super) fn names(certificate: &CertificateDer<'_>) -> Option<Vec<String>> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let Some((_, names)) = certificate.tbs_certificate().get_extension::<SubjectAltName>().ok()? else {
        return Some(Vec::new());
    };
    Some(names.0.iter().filter_map(name).collect())
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) | GeneralName::Rfc822Name(name) | GeneralName::UniformResourceIdentifier(name) => {
            Some(name.as_str().to_owned())
        }
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_warned_of_a_month_before() {
        let day = 24 * 3_600;
        assert_eq!(left(31 * day, 0), Left::Long);
        assert_eq!(left(30 * day, 0), Left::Long);
        assert_eq!(left(30 * day - 1, 0), Left::Days(30));
        assert_eq!(left(2 * day, 0), Left::Days(2));
        assert_eq!(left(1, 0), Left::Days(1));
        assert_eq!(left(0, 0), Left::Nothing);
        assert_eq!(left(0, 9), Left::Nothing);
    }
}
