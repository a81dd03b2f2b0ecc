//! What several relays' answers come to: a note is out once as many as are wanted have it.

use domain::{Failure, Landed, Worth};

/// One relay's answer: it has the event, or why not.
pub(super) type Answered = (String, Result<(), Failure>);

/// Whether enough relays have the event.
///
/// # Errors
/// In doubt, if some relay has it, though too few do, or may have it. Else what stands most in the way: a refusal for good only if
/// without those who refuse there are too few.
pub(super) fn verdict(answered: Vec<Answered>, wanted: usize) -> Result<(), Failure> {
    let (all, have) = (answered.len(), answered.iter().filter(|(_, answer)| answer.is_ok()).count());
    if have >= wanted {
        return Ok(());
    }
    let failures: Vec<(String, Failure)> =
        answered.into_iter().filter_map(|(relay, answer)| Some((relay, answer.err()?))).collect();
    let is_final = |failure: &Failure| failure.landed == Landed::No && !matches!(failure.worth, Worth::Retry { .. });
    let finals = failures.iter().filter(|(_, failure)| is_final(failure)).count();
    let hopeless = all - finals < wanted;
    let unknown = |failure: &Failure| failure.landed != Landed::No;
    let first = failures.iter().find(|(_, failure)| unknown(failure));
    let first = first.or_else(|| failures.iter().find(|(_, failure)| is_final(failure) == hopeless));
    let Some((relay, failure)) = first.or(failures.first()).cloned() else { return Ok(()) };
    let landed = if have > 0 { Landed::Unknown } else { failure.landed };
    // What may be out is never given up here: the repeat costs nothing, and a person is told in the end.
    let worth = if landed == Landed::No { failure.worth } else { Worth::Retry { not_before: failure.not_before() } };
    let mut failure = Failure { landed, worth, ..failure };
    if all > 1 {
        failure.said.text =
            format!("{have} of {all} relays have it, {wanted} are wanted; {relay}: {}", failure.said.text);
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use domain::{Code, Fix, PlatformWords, Scope};

    use super::*;

    fn failure(landed: Landed, worth: Worth) -> Result<(), Failure> {
        let (code, said) = (Code::UNCLEAR_ANSWER, PlatformWords::text("no"));
        Err(Failure { code, landed, worth, scope: Scope::Account, step: "send event".into(), said })
    }

    #[test]
    fn a_note_is_out_once_enough_relays_have_it_and_in_doubt_while_too_few_do() {
        let (later, never) = (Worth::Retry { not_before: None }, Worth::AfterFix { fix: Fix::Permission });
        let (yes, no, refused) = (Ok(()), failure(Landed::No, later), failure(Landed::No, never));
        let unknown = failure(Landed::Unknown, later);
        let table = [
            (vec![&yes], 1, None),
            (vec![&yes, &refused, &unknown], 1, None),
            (vec![&yes, &refused], 2, Some((Landed::Unknown, true))),
            (vec![&yes, &no], 2, Some((Landed::Unknown, true))),
            (vec![&no, &unknown], 1, Some((Landed::Unknown, true))),
            (vec![&no, &refused], 1, Some((Landed::No, true))),
            (vec![&no, &refused], 2, Some((Landed::No, false))),
            (vec![&refused, &refused, &no], 2, Some((Landed::No, false))),
            (vec![&refused], 1, Some((Landed::No, false))),
        ];
        for (n, (answers, wanted, expected)) in table.into_iter().enumerate() {
            let answered = answers.into_iter().map(|answer| ("wss://a".to_owned(), answer.clone())).collect();
            let said = verdict(answered, wanted).err();
            let said = said.map(|failure| (failure.landed, matches!(failure.worth, Worth::Retry { .. })));
            assert_eq!(said, expected, "row {n}");
        }
    }

    #[test]
    fn of_several_relays_the_one_that_stands_in_the_way_is_named() {
        let no = failure(Landed::No, Worth::Never);
        let said = verdict(vec![("wss://a".into(), Ok(())), ("wss://b".into(), no)], 2).unwrap_err();
        assert_eq!(said.said.text, "1 of 2 relays have it, 2 are wanted; wss://b: no");
    }
}
