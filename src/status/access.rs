//! Whether Kafka lets the daemon in, and if not, why.

/// What a client of Kafka cannot do, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTrouble {
    /// For what the daemon needs the brokers: `consumer`, `fetch`, `offsets`, `dead_letters`, `alerts` or `login`.
    pub client: &'static str,
    /// The kind of trouble.
    pub cause: AccessCause,
    /// In plain words, followed by those of the client library or the broker. It holds no secret.
    pub text: String,
}

/// Why the brokers do not let a client in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessCause {
    /// The user is not known, or the password is wrong: a broker does not say which.
    Credentials,
    /// The broker refused the token.
    Token,
    /// The file with the password or the token is of no use, or the token in it has expired.
    SecretFile,
    /// The issuer gave no token.
    Issuer,
    /// The broker's certificate comes from nobody who is trusted.
    UntrustedCertificate,
    /// The broker's certificate is for another host.
    HostName,
    /// The broker's certificate has expired, or is not valid yet.
    ExpiredCertificate,
    /// The broker's certificate was refused for another reason.
    Certificate,
    /// The broker wants a certificate from the client, or refused the one that it got.
    ClientCertificate,
    /// The broker speaks TLS at this address, and the client does not.
    ExpectsTls,
    /// The broker does not speak TLS at this address, and the client does.
    ExpectsPlaintext,
    /// The broker wants a login at this address, and the client has none.
    ExpectsSasl,
    /// The broker knows no login at this address.
    ExpectsNoSasl,
    /// The broker does not take the mechanism.
    Mechanism,
    /// An ACL is missing.
    Permission,
    /// Nobody answers at the address.
    Unreachable,
    /// The host's name is not known.
    UnknownHost,
}

impl AccessCause {
    /// Whether the broker's certificate was refused.
    #[must_use]
    pub const fn is_of_certificate(self) -> bool {
        matches!(self, Self::UntrustedCertificate | Self::HostName | Self::ExpiredCertificate | Self::Certificate)
    }

    /// The word for it in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Token => "token",
            Self::SecretFile => "secret_file",
            Self::Issuer => "issuer",
            Self::UntrustedCertificate => "untrusted_certificate",
            Self::HostName => "host_name",
            Self::ExpiredCertificate => "expired_certificate",
            Self::Certificate => "certificate",
            Self::ClientCertificate => "client_certificate",
            Self::ExpectsTls => "expects_tls",
            Self::ExpectsPlaintext => "expects_plaintext",
            Self::ExpectsSasl => "expects_sasl",
            Self::ExpectsNoSasl => "expects_no_sasl",
            Self::Mechanism => "mechanism",
            Self::Permission => "permission",
            Self::Unreachable => "unreachable",
            Self::UnknownHost => "unknown_host",
        }
    }

    /// What is wrong, in plain words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Credentials => "the broker refused the login: wrong password, or unknown user",
            Self::Token => "the broker refused the OAuth token: it has expired, or is not meant for this broker",
            Self::SecretFile => "a file for the login is of no use",
            Self::Issuer => "the OAuth issuer gave no token",
            Self::UntrustedCertificate => {
                "the broker's certificate is not trusted: it comes from another CA than those of ssl.ca.location"
            }
            Self::HostName => "the broker's certificate is for another host name than the address in kafka.brokers",
            Self::ExpiredCertificate => "the broker's certificate has expired, or is not valid yet",
            Self::Certificate => "the broker's certificate was refused",
            Self::ClientCertificate => {
                "the broker wants a client certificate, and none was given or it was refused (ssl.certificate.location, ssl.key.location)"
            }
            Self::ExpectsTls => {
                "the broker closed a connection without TLS at once: it probably speaks TLS there (kafka.security_protocol)"
            }
            Self::ExpectsPlaintext => "the broker speaks no TLS at this address (kafka.security_protocol)",
            Self::ExpectsSasl => {
                "the broker closed a connection without a login at once: it probably wants SASL there (kafka.security_protocol)"
            }
            Self::ExpectsNoSasl => "the broker takes no login at this address (kafka.security_protocol)",
            Self::Mechanism => "the broker does not take this SASL mechanism",
            Self::Permission => "an ACL is missing",
            Self::Unreachable => "no broker answers at this address",
            Self::UnknownHost => "the broker's host name is not known",
        }
    }
}
