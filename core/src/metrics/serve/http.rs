//! Requests and answers: as much of HTTP as a scrape needs.

use httparse::{Request, Status};

use super::page::{Format, Page};

/// Headers of a request that are read; one with more is refused.
const HEADERS: usize = 64;

const LANDING: &str = "Metrics are at /metrics\n";

/// The answer to what has come so far, or `None` while the request is not complete.
pub(crate) fn answer(bytes: &[u8], page: &Page) -> Option<Vec<u8>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = Request::new(&mut headers);
    let plain = Format::Plain.content_type();
    match request.parse(bytes) {
        Ok(Status::Partial) => return None,
        Ok(Status::Complete(_)) => {}
        Err(_) => return Some(response("400 Bad Request", plain, "not HTTP\n", true)),
    }
    let has_body = match request.method {
        Some("GET") => true,
        Some("HEAD") => false,
        _ => {
            return Some(response(
                "405 Method Not Allowed",
                plain,
                "only GET\n",
                true,
            ));
        }
    };
    let path = request.path.unwrap_or_default();
    let answer = match path.split('?').next() {
        Some("/metrics") => {
            let accepts = request
                .headers
                .iter()
                .filter(|header| header.name.eq_ignore_ascii_case("accept"))
                .map(|header| String::from_utf8_lossy(header.value));
            let format = preferred(&accepts.collect::<Vec<_>>().join(","));
            match page.text(format) {
                Ok(text) => response("200 OK", format.content_type(), &text, has_body),
                Err(_) => response("500 Internal Server Error", plain, "failed\n", has_body),
            }
        }
        Some("/") => response("200 OK", plain, LANDING, has_body),
        _ => response("404 Not Found", plain, LANDING, has_body),
    };
    Some(answer)
}

/// The answer to a request that is too long.
pub(crate) fn too_long() -> Vec<u8> {
    let plain = Format::Plain.content_type();
    response(
        "431 Request Header Fields Too Large",
        plain,
        "too long\n",
        true,
    )
}

fn response(status: &str, content_type: &str, body: &str, has_body: bool) -> Vec<u8> {
    let length = body.len();
    let mut response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    if has_body {
        response.push_str(body);
    }
    response.into_bytes()
}

/// The format that a header `Accept` prefers; Prometheus's own if it says nothing.
fn preferred(accept: &str) -> Format {
    let weight = |format: Format| {
        let ranges = accept.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_it = parts.next()?.eq_ignore_ascii_case(format.media_type());
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            is_it.then(|| weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
        });
        ranges.fold(0.0, f64::max)
    };
    let open = weight(Format::Open);
    match open > 0.0 && open >= weight(Format::Plain) {
        true => Format::Open,
        false => Format::Plain,
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn what_the_reader_prefers_is_served() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,\
                          text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
        assert_eq!(preferred(prometheus), Format::Open);
        assert_eq!(preferred("application/openmetrics-text"), Format::Open);
        assert_eq!(
            preferred("text/plain, application/openmetrics-text;q=0.5"),
            Format::Plain
        );
        assert_eq!(preferred("application/openmetrics-text;q=0"), Format::Plain);
        assert_eq!(preferred("*/*"), Format::Plain);
        assert_eq!(preferred(""), Format::Plain);
    }

    #[test]
    fn requests_are_answered_by_what_they_are() {
        let page = Page::new(Registry::default());
        let status = |request: &str| {
            let answer = answer(request.as_bytes(), &page)?;
            let answer = String::from_utf8(answer).expect("text");
            Some(answer.split(' ').nth(1)?.to_owned())
        };
        let is = |request: &str, expected: Option<&str>| {
            assert_eq!(status(request).as_deref(), expected, "{request}");
        };
        is("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", Some("200"));
        is("GET /metrics?a=b HTTP/1.0\r\n\r\n", Some("200"));
        is("GET /other HTTP/1.1\r\n\r\n", Some("404"));
        is("POST /metrics HTTP/1.1\r\n\r\n", Some("405"));
        is("GET /metrics HTTP/1.1\r\nHost", None);
        is("\0\x01\x02 nonsense\r\n\r\n", Some("400"));
    }

    #[test]
    fn head_has_the_length_and_no_body() {
        let page = Page::new(Registry::default());
        let answer = answer(b"HEAD / HTTP/1.1\r\n\r\n", &page).expect("an answer");
        let answer = String::from_utf8(answer).expect("text");
        assert!(answer.contains("Content-Length: 24\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
}
