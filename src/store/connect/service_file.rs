//! Reads the connection service file (`~/.pg_service.conf`), which contains named sets of parameters. As in libpq, a
//! service only sets missing parameters and takes precedence over the environment. LDAP lookups are not supported.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::parameters::{Parameters, invalid, known};
use crate::bounded;
use crate::store::error::Result;
use crate::utf8;

/// Directory of the system-wide file in Debian's libpq.
const SYSTEM_DIRECTORY: &str = "/etc/postgresql-common";

/// Sets missing parameters from the service that the parameters or `PGSERVICE` name, if any.
pub(super) fn fill(parameters: &mut Parameters, environment: &Environment) -> Result<()> {
    let named = parameters.get("service").or(environment.variable("PGSERVICE")).filter(|name| !name.is_empty());
    let Some(service) = named.map(str::to_owned) else { return Ok(()) };
    for path in files(parameters.get("servicefile"), environment) {
        let text = bounded::read_file(&path)
            .map_err(|error| invalid(format!("the service file \"{}\" cannot be read: {error}", path.display())))?;
        let text = utf8::any_bytes(&text)
            .map_err(|error| invalid(format!("the service file \"{}\" {error}", path.display())))?;
        if section(text, &service, parameters)
            .map_err(|(line, what)| invalid(format!("the service file \"{}\", line {line}: {what}", path.display())))?
        {
            return Ok(());
        }
    }
    Err(invalid(format!(
        "the service \"{service}\" is not defined; add it to ~/.pg_service.conf, or set PGSERVICEFILE to its file"
    )))
}

impl Environment {
    /// Returns the names of the services in the service files, for `service=NAME` in a connection string. Those of the
    /// user's own file come first. A file that cannot be read has none.
    #[must_use]
    pub fn services(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for path in files(None, self) {
            let text = bounded::read_file(&path).ok().and_then(|bytes| utf8::text_lossy(&bytes).ok().map(String::from));
            for name in text.iter().flat_map(|text| text.lines()).filter_map(header) {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }
}

/// Returns the name of the service that a line begins.
fn header(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.split_once(']').map(|(name, _)| name).filter(|name| !name.is_empty())
}

/// Returns the service files: the user's own one and that of the system, if they exist. A file that was named is
/// returned even if it does not exist.
fn files(named: Option<&str>, environment: &Environment) -> impl Iterator<Item = PathBuf> + use<> {
    let own = match named.or(environment.variable("PGSERVICEFILE")) {
        Some(path) => Some(PathBuf::from(path)),
        None => environment.in_home(".pg_service.conf").filter(|path| path.exists()),
    };
    let system = environment.variable("PGSYSCONFDIR").unwrap_or(SYSTEM_DIRECTORY);
    let system = Some(Path::new(system).join("pg_service.conf")).filter(|path| path.exists());
    own.into_iter().chain(system)
}

/// Sets the parameters of one section and returns whether there is such a section. Errors carry the line number.
fn section(text: &[u8], service: &str, parameters: &mut Parameters) -> Result<bool, (usize, String)> {
    let mut found = false;
    for (index, bytes) in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).enumerate() {
        let line = String::from_utf8_lossy(bytes);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            if found {
                return Ok(true);
            }
            found = header.strip_prefix(service).is_some_and(|rest| rest.starts_with(']'));
            continue;
        }
        if !found {
            continue;
        }
        let at = index + 1;
        if line.starts_with("ldap") {
            return Err((at, "LDAP lookups are not supported; write the parameters into the file".to_owned()));
        }
        let (keyword, value) = line.split_once('=').ok_or_else(|| (at, "missing \"=\"".to_owned()))?;
        if keyword == "service" || keyword == "servicefile" {
            return Err((at, format!("a service cannot set {keyword}")));
        }
        let keyword = known(keyword).ok_or_else(|| (at, format!("\"{keyword}\" is not a connection parameter")))?;
        let value = if keyword == "password" { &bytes[keyword.len() + 1..] } else { value.as_bytes() };
        parameters.set_default(keyword, value);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_sets_missing_parameters_and_ends_at_the_next_one() {
        let mut parameters = Parameters::default();
        parameters.set("user", "given");
        let text = "# all\n[other]\nhost=wrong\n[shop]\n host=db \nuser=file\nport=1\nport=2\n[shop]\ndbname=late\n";
        assert_eq!(section(text.as_bytes(), "shop", &mut parameters), Ok(true));
        assert_eq!(parameters.get("host"), Some("db"));
        assert_eq!(parameters.get("user"), Some("given"));
        assert_eq!(parameters.get("port"), Some("1"));
        assert_eq!(parameters.get("dbname"), None);
        assert_eq!(section(text.as_bytes(), "sho", &mut parameters), Ok(false));
    }

    #[test]
    fn lists_the_services_of_all_files_once() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let (own, system) = (directory.path().join("own"), directory.path().join("pg_service.conf"));
        std::fs::write(&own, "# [no]\n[shop]\nhost=a\n [bank] \n[]\n[broken\n").expect("written");
        std::fs::write(&system, "[bank]\n[system]\n").expect("written");
        let path = |path: &Path| path.display().to_string();
        let variables = [("PGSERVICEFILE", path(&own)), ("PGSYSCONFDIR", path(directory.path()))];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
        assert_eq!(Environment::new(variables, None, None).services(), ["shop", "bank", "system"]);
        let missing = [("PGSERVICEFILE".to_owned(), path(&directory.path().join("missing")))].into();
        assert!(Environment::new(missing, None, None).services().iter().all(|name| name != "shop"));
    }

    #[test]
    fn the_parameter_servicefile_takes_precedence_over_the_variable() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let write = |name: &str| {
            let path = directory.path().join(name).display().to_string();
            std::fs::write(&path, format!("[shop]\nhost={name}\n")).expect("written");
            path
        };
        let (named, other) = (write("named"), write("other"));
        let environment = Environment::new([("PGSERVICEFILE".to_owned(), other)].into(), None, None);
        for (servicefile, host) in [(named.as_str(), "named"), ("", "other")] {
            let mut parameters = Parameters::default();
            parameters.set("service", "shop");
            parameters.set("servicefile", servicefile);
            fill(&mut parameters, &environment).expect("a service");
            assert_eq!(parameters.get("host"), Some(host));
        }
    }

    #[test]
    fn an_error_carries_the_line_number() {
        let error = section(b"[a]\n\nhots=x\n", "a", &mut Parameters::default());
        assert_eq!(error, Err((3, "\"hots\" is not a connection parameter".to_owned())));
    }
}
