//! The connection service file (`~/.pg_service.conf`): named sets of parameters. Fills only what is not set; values of the
//! environment come after it, as in libpq. LDAP look-ups are not carried out.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::invalid;
use super::parameters::{Parameters, known};
use crate::store::Result;
use crate::utf8;

/// Where Debian's libpq looks for the file of all users.
const SYSTEM_DIRECTORY: &str = "/etc/postgresql-common";

/// Fills the parameters from the service that they (or `PGSERVICE`) name; nothing where none is named.
pub(super) fn fill(parameters: &mut Parameters, environment: &Environment) -> Result<()> {
    let named = parameters.get("service").or(environment.variable("PGSERVICE")).filter(|name| !name.is_empty());
    let Some(service) = named.map(str::to_owned) else { return Ok(()) };
    let own = match parameters.get("servicefile").or(environment.variable("PGSERVICEFILE")) {
        Some(path) => Some(PathBuf::from(path)),
        None => environment.in_home(".pg_service.conf").filter(|path| path.exists()),
    };
    let system = environment.variable("PGSYSCONFDIR").unwrap_or(SYSTEM_DIRECTORY);
    let system = Some(Path::new(system).join("pg_service.conf")).filter(|path| path.exists());
    for path in [own, system].into_iter().flatten() {
        let text = std::fs::read(&path)
            .map_err(|error| invalid(format!("service file \"{}\" cannot be read: {error}", path.display())))?;
        let text =
            utf8::text_lossy(&text).map_err(|error| invalid(format!("service file \"{}\" {error}", path.display())))?;
        if section(&text, &service, parameters)
            .map_err(|(line, what)| invalid(format!("service file \"{}\", line {line}: {what}", path.display())))?
        {
            return Ok(());
        }
    }
    Err(invalid(format!("definition of service \"{service}\" not found")))
}

/// Takes the parameters of one section; false where the text has no such section. Errors carry the line's number.
fn section(text: &str, service: &str, parameters: &mut Parameters) -> Result<bool, (usize, String)> {
    let mut found = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
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
            return Err((at, "LDAP look-ups are not supported".to_owned()));
        }
        let (keyword, value) = line.split_once('=').ok_or_else(|| (at, "syntax error: no \"=\"".to_owned()))?;
        if keyword == "service" || keyword == "servicefile" {
            return Err((at, format!("nested {keyword} specifications are not supported")));
        }
        let keyword = known(keyword).ok_or_else(|| (at, format!("\"{keyword}\" is not a connection parameter")))?;
        parameters.set_default(keyword, value);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_fills_what_is_not_set_and_ends_at_the_next() {
        let mut parameters = Parameters::default();
        parameters.set("user", "given");
        let text = "# all\n[other]\nhost=wrong\n[shop]\n host=db \nuser=file\nport=1\nport=2\n[shop]\ndbname=late\n";
        assert_eq!(section(text, "shop", &mut parameters), Ok(true));
        assert_eq!(parameters.get("host"), Some("db"));
        assert_eq!(parameters.get("user"), Some("given"));
        assert_eq!(parameters.get("port"), Some("1"));
        assert_eq!(parameters.get("dbname"), None);
        assert_eq!(section(text, "sho", &mut parameters), Ok(false));
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let error = section("[a]\n\nhots=x\n", "a", &mut Parameters::default());
        assert_eq!(error, Err((3, "\"hots\" is not a connection parameter".to_owned())));
    }
}
