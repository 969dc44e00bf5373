//! `@geoLookup` over a MaxMind database (the MMDB format, version 2).

use std::net::IpAddr;
use std::sync::Arc;

use maxminddb::{Reader, geoip2};

/// A database, read whole into memory.
#[derive(Clone)]
pub struct GeoDatabase {
    reader: Arc<Reader<Vec<u8>>>,
}

/// What the database knows of an address, by the keys of the collection `GEO`. What it does not tell is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GeoRecord {
    /// `COUNTRY_CODE`: two letters (ISO 3166-1 alpha-2).
    pub country_code: String,
    /// `COUNTRY_NAME`, in English.
    pub country_name: String,
    /// `COUNTRY_CONTINENT`: two letters.
    pub continent: String,
    /// `REGION`: the code of the largest part of the country (ISO 3166-2, without the country).
    pub region: String,
    /// `CITY`, in English.
    pub city: String,
    /// `POSTAL_CODE`
    pub postal_code: String,
    /// `LATITUDE`, in degrees.
    pub latitude: Option<f64>,
    /// `LONGITUDE`, in degrees.
    pub longitude: Option<f64>,
}

impl std::fmt::Debug for GeoDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GeoDatabase")
            .field("kind", &self.reader.metadata().database_type)
            .finish_non_exhaustive()
    }
}

impl GeoDatabase {
    /// The database in `bytes`.
    ///
    /// # Errors
    /// Says why they are not one.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, String> {
        Reader::from_source(bytes)
            .map(|reader| Self { reader: Arc::new(reader) })
            .map_err(|error| format!("not a MaxMind database: {error}"))
    }

    /// What is known of the address that `input` writes; `None` if it is no address, or not known.
    #[must_use]
    pub fn lookup(&self, input: &[u8]) -> Option<GeoRecord> {
        let address: IpAddr = std::str::from_utf8(input).ok()?.trim().parse().ok()?;
        let city: geoip2::City<'_> = self.reader.lookup(address.to_canonical()).ok()?.decode().ok()??;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Some(GeoRecord {
            country_code: text(city.country.iso_code),
            country_name: text(city.country.names.english),
            continent: text(city.continent.code),
            region: text(city.subdivisions.first().and_then(|part| part.iso_code)),
            city: text(city.city.names.english),
            postal_code: text(city.postal.code),
            latitude: city.location.latitude,
            longitude: city.location.longitude,
        })
    }
}
