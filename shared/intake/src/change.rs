//! Changes of a post that was accepted: cancel, edit, reschedule. The ledger carries out all of a change or none of it.

use contract::{Change, ChangeAsk, Path, Problem, When};
use domain::{
    Answer, Code, Command, Content, ContentHash, Draft, Event, Override, PostId, State, Target, TargetId, TenantId,
};
use jiff::Timestamp;
use ledger::{Applied, LedgerError, PostChange, PostView, TargetView};

use crate::{
    Intake,
    check::{content_problems, is_bounded, objections, told},
    media, names, times,
};

/// How often a change that named no revision is worked out anew because somebody else was faster.
const MOST_ROUNDS: usize = 5;

/// What became of a change.
#[derive(Debug, Clone)]
pub enum Changed {
    /// All of it was done.
    Done {
        /// The post's revision now.
        revision: u32,
        /// What became of each target.
        applied: Vec<Applied>,
    },
    /// Nothing was changed.
    Refused(Vec<Problem>),
}

impl Changed {
    /// The events that were stored with the change, to be told.
    pub fn events(&self) -> Vec<Event> {
        match self {
            Changed::Done { applied, .. } => applied.iter().flat_map(|applied| applied.events.clone()).collect(),
            Changed::Refused(_) => Vec::new(),
        }
    }
}

impl Intake {
    /// Changes a post. `tenant` is the tenant that the caller may act for, if it is bound to one.
    ///
    /// # Errors
    /// The ledger is away: whether it was done is not known; asked again with its revision it is done once.
    pub async fn change(
        &self,
        post: PostId,
        tenant: Option<&TenantId>,
        ask: &ChangeAsk,
    ) -> Result<Changed, LedgerError> {
        for _ in 0..MOST_ROUNDS {
            let view = self.ledger.post(post, false).await?;
            let Some(view) = view.filter(|view| tenant.is_none_or(|tenant| *tenant == view.tenant)) else {
                return Ok(Changed::Refused(vec![not_found(post)]));
            };
            let commands = match self.commands(&view, ask) {
                Ok(commands) => commands,
                Err(problems) => return Ok(Changed::Refused(problems)),
            };
            // What was worked out is right for the revision that was read only, whether the sender named one or not.
            match self.ledger.change_post(post, Some(view.revision), commands).await? {
                PostChange::Done { revision, applied } => return Ok(Changed::Done { revision, applied }),
                PostChange::Refused(answers) => return Ok(Changed::Refused(too_late(&view, &answers))),
                PostChange::NotFound => return Ok(Changed::Refused(vec![not_found(post)])),
                PostChange::Stale { revision } if ask.revision.is_some() => {
                    return Ok(Changed::Refused(vec![stale(ask.revision, revision)]));
                }
                PostChange::Stale { .. } => {}
            }
        }
        let message = "the post is being changed by others all the time; try again";
        Ok(Changed::Refused(vec![Problem::new(Path::Root, Code::STALE_REVISION, message)]))
    }

    /// The commands that carry out a change of the post as `view` shows it.
    ///
    /// # Errors
    /// Everything that is wrong with it: a revision that is not the newest, targets of other posts, content that a channel
    /// would refuse, times that cannot be kept.
    pub fn commands(&self, view: &PostView, ask: &ChangeAsk) -> Result<Vec<(TargetId, Command)>, Vec<Problem>> {
        if ask.revision.is_some_and(|revision| revision != view.revision) {
            return Err(vec![stale(ask.revision, view.revision)]);
        }
        let targets = chosen(view, ask)?;
        let commands = |command: &mut dyn FnMut(&TargetView) -> Command| {
            targets.iter().map(|target| (target.target.id, command(target))).collect()
        };
        match &ask.change {
            Change::Cancel => Ok(commands(&mut |_| Command::Cancel)),
            Change::Edit { content } => {
                let whole = ask.targets.is_empty();
                self.content_problems(&targets, content, whole)?;
                Ok(commands(&mut |target| edit(target, content, whole)))
            }
            Change::Reschedule { publish_at, deadline } => {
                let (due_at, deadline) = self.new_times(&targets, publish_at, deadline.as_ref())?;
                Ok(commands(&mut |target| reschedule(view, target, due_at, deadline)))
            }
        }
    }

    fn content_problems(&self, targets: &[&TargetView], content: &Content, whole: bool) -> Result<(), Vec<Problem>> {
        let mut problems = content_problems(content, &self.checker.options);
        if !is_bounded(&problems) {
            return Err(problems);
        }
        let of_all = problems.clone();
        let all = targets.iter().map(|target| self.checker.registry.get(target.target.channel.as_str()));
        if let Some(all) = all.collect::<Option<Vec<_>>>() {
            let abouts: Vec<_> = all.iter().map(|channel| channel.about()).collect();
            problems.extend(names::shared(&content.settings, &abouts));
        }
        for target in targets {
            let name = &target.target.channel;
            let Some(channel) = self.checker.registry.get(name.as_str()) else {
                let message = format!("there is no channel {name} any more");
                problems.push(Problem::new(Path::Root, Code::UNKNOWN_CHANNEL, message));
                continue;
            };
            let changes = edited(target, content, whole);
            let draft = Draft::of(content, &changes);
            for (setting, wrong) in media::in_settings(&draft.0.settings, channel.about(), &self.checker.options) {
                let is_own = changes.settings.contains_key(setting);
                let message =
                    if is_own { format!("{name}, target {}: {wrong}", target.target.id) } else { wrong.to_owned() };
                let problem = Problem::new(format!("$.content.settings.{setting}"), Code::BAD_MEDIA_URL, message);
                // What targets share is told once.
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            for objection in objections(channel.as_ref(), &draft, &of_all, &self.checker.options) {
                let (id, path) = (target.target.id, format!("$.content.{}", objection.path));
                let message = if names::is_named(&objection.message, channel.about()) {
                    format!("target {id}: {}", objection.message)
                } else {
                    format!("{name}, target {id}: {}", objection.message)
                };
                problems.push(told(objection, path, message));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn new_times(
        &self,
        targets: &[&TargetView],
        publish_at: &When,
        deadline: Option<&When>,
    ) -> Result<(Timestamp, Option<Timestamp>), Vec<Problem>> {
        let now = self.checker.runtime.now();
        let (root, mut problems) = (Path::Root, Vec::new());
        let (at, end) = (root.field("publish_at"), root.field("deadline"));
        let mut sound = |result: Result<Timestamp, Problem>| result.map_err(|problem| problems.push(problem)).ok();
        let due = sound(times::due(publish_at, &at, now, &self.checker.options, &mut Vec::new()).map(|due| due.at));
        let deadline = deadline.and_then(|when| sound(times::deadline(when, &end, now)));
        if let Some(due) = due {
            let kept = |target: &&TargetView| deadline.or(target.target.deadline);
            let mut ends: Vec<_> = targets.iter().filter_map(kept).collect();
            ends.sort_unstable();
            if let Some(first) = ends.first() {
                sound(times::keeps(due, *first, &end).map(|()| due));
            }
        }
        due.filter(|_| problems.is_empty()).map(|due| (due, deadline)).ok_or(problems)
    }
}

/// The targets that the change concerns. Without names: all that are not cancelled already.
fn chosen<'a>(view: &'a PostView, ask: &ChangeAsk) -> Result<Vec<&'a TargetView>, Vec<Problem>> {
    if ask.targets.is_empty() {
        return Ok(view.targets.iter().filter(|target| target.target.state != State::Cancelled).collect());
    }
    let path = Path::Root.field("targets");
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (at, id) in ask.targets.iter().enumerate() {
        match view.targets.iter().find(|target| target.target.id == *id) {
            Some(_) if ask.targets[..at].contains(id) => {}
            Some(target) => found.push(target),
            None => {
                let message = format!("the post has no target {id}");
                problems.push(Problem::new(path.item(at), Code::NOT_FOUND, message));
            }
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// What a target changes of its post after an edit: its own text and settings stay when the whole post is edited.
fn edited(target: &TargetView, content: &Content, whole: bool) -> Override {
    let own = if whole { target.changes.clone() } else { Override::default() };
    Override { content: Some(content.clone()), ..own }
}

fn edit(target: &TargetView, content: &Content, whole: bool) -> Command {
    let changes = edited(target, content, whole);
    let hash = hash(&target.target, &Draft::of(content, &changes), target.target.due_at);
    Command::Edit { changes, hash }
}

fn reschedule(view: &PostView, target: &TargetView, due_at: Timestamp, deadline: Option<Timestamp>) -> Command {
    let hash = hash(&target.target, &Draft::of(&view.content, &target.changes), due_at);
    Command::Reschedule { due_at, deadline: deadline.or(target.target.deadline), hash }
}

fn hash(target: &Target, draft: &Draft, due_at: Timestamp) -> ContentHash {
    ContentHash::of(draft, &target.tenant, &target.channel, &target.account, due_at)
}

fn not_found(post: PostId) -> Problem {
    Problem::new(Path::Root, Code::NOT_FOUND, format!("there is no post {post}"))
}

fn stale(seen: Option<u32>, now: u32) -> Problem {
    let seen = seen.map_or_else(|| "another".to_owned(), |seen| seen.to_string());
    Problem::new(Path::Root.field("revision"), Code::STALE_REVISION, format!("is {seen}; the post is at {now}"))
}

/// Why targets refuse a change, each with its reason; those that would have taken it are not named.
fn too_late(view: &PostView, answers: &[(TargetId, Answer)]) -> Vec<Problem> {
    let reason = |(id, answer): &(TargetId, Answer)| {
        let Answer::Refused(refusal) = answer else { return None };
        let target = view.targets.iter().find(|target| target.target.id == *id)?;
        let (account, channel) = (&target.target.account, &target.target.channel);
        let message = format!("target {id} ({account} on {channel}): {}", refusal.reason());
        Some(Problem::new(Path::Root, Code::TOO_LATE, message))
    };
    answers.iter().filter_map(reason).collect()
}
