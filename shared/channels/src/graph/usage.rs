//! How much of its share an account has used up: a header field that every answer carries.

use serde_json::Value;

use crate::Answer;

const HEADER: &str = "x-business-use-case-usage";

/// In how many minutes the account gets its share back; `None` if it has some left. Of several use cases the longest counts.
pub(crate) fn minutes_to_regain(answer: &Answer) -> Option<f64> {
    let usage: Value = serde_json::from_str(answer.header(HEADER)?).ok()?;
    let cases = usage.as_object()?.values().filter_map(Value::as_array).flatten();
    cases
        .filter_map(|case| case["estimated_time_to_regain_access"].as_f64())
        .filter(|minutes| *minutes > 0.0)
        .max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::answer;

    #[test]
    fn the_longest_wait_of_all_use_cases_counts() {
        let minutes = |usage: &str| minutes_to_regain(&answer(false, 400, &[(HEADER, usage)], ""));
        let usage = r#"{"17":[{"type":"instagram","estimated_time_to_regain_access":4},
            {"type":"pages","estimated_time_to_regain_access":19}],"18":[{"type":"x"}]}"#;
        assert_eq!(minutes(&usage.replace('\n', "")), Some(19.0));
        assert_eq!(minutes(r#"{"17":[{"call_count":28,"estimated_time_to_regain_access":0}]}"#), None);
        assert_eq!([minutes("soon"), minutes("[]"), minutes("{}")], [None; 3]);
    }
}
