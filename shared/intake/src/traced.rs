//! The trace that a request comes in.

use contract::Reading;

/// The trace that `body` names, else the one that `header` holds, if they are valid.
pub fn came_in(body: &[u8], header: Option<&str>) -> Option<String> {
    // Few requests name one: only those are read for it.
    let named = body.windows(spans::TRACEPARENT.len()).any(|word| word == spans::TRACEPARENT.as_bytes());
    let own = if named { Reading::of(body).traceparent } else { None };
    own.or_else(|| header.filter(|header| spans::is_valid(header)).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const OTHER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    #[test]
    fn the_bodys_own_trace_comes_first() {
        let body = format!(r#"{{"version": 1, "traceparent": "{ONE}"}}"#);
        assert_eq!(came_in(body.as_bytes(), Some(OTHER)).as_deref(), Some(ONE));
        assert_eq!(came_in(b"{}", Some(OTHER)).as_deref(), Some(OTHER));
    }

    #[test]
    fn what_is_not_valid_is_no_trace() {
        assert_eq!(came_in(br#"{"version": 1, "traceparent": "no"}"#, Some(OTHER)).as_deref(), Some(OTHER));
        assert_eq!(came_in(br#"{"content": {"text": "traceparent"}}"#, Some("injected")), None);
        assert_eq!(came_in(b"traceparent", None), None);
    }
}
