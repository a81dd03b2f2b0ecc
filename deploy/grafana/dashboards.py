#!/usr/bin/env python3
"""Writes the Grafana dashboards of this folder; `--check` only says whether they are as this file says. `make rules` does that."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUNBOOKS = "https://oncepost.example/docs/runbooks"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
GOOD, ODD, BAD = "green", "orange", "red"


def panel(title, unit, *queries, kind="timeseries", tells="", alerts=(), wide=8, high=8, steps=(), stack=False):
    """A panel of `queries`: an expression and its legend each. `alerts` are those that look at the same."""
    odd = [{"color": GOOD, "value": None}, *({"color": color, "value": value} for value, color in steps)]
    defaults = {"unit": unit, "color": {"mode": "palette-classic"}, "custom": {}}
    options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    if kind == "timeseries":
        defaults |= {"min": 0, "custom": {"fillOpacity": 10, "showPoints": "never", "stacking": {"mode": "normal" if stack else "none"}}}
    if kind == "stat":
        defaults |= {"color": {"mode": "thresholds"}, "noValue": "none", "thresholds": {"mode": "absolute", "steps": odd}}
        options = {"colorMode": "background", "graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"], "values": False}}
    if kind == "table":
        options = {"showHeader": True}
    return {
        "title": title,
        "type": kind,
        "description": " ".join(filter(None, [tells, alerts and "Alerts: " + ", ".join(alerts) + "."])),
        "datasource": SOURCE,
        "gridPos": {"w": wide, "h": high},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "links": [{"title": f"Runbook: {alert}", "url": f"{RUNBOOKS}/{alert}.md", "targetBlank": True} for alert in alerts],
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": SOURCE,
                "expr": expr,
                "legendFormat": legend,
                **({"instant": True, "range": False, "format": "table"} if kind == "table" else {}),
            }
            for at, (expr, legend) in enumerate(queries)
        ],
    }


def stat(title, unit, expr, *, tells="", alerts=(), odd=None, bad=None, wide=4):
    steps = [(value, color) for value, color in ((odd, ODD), (bad, BAD)) if value is not None]
    return panel(title, unit, (expr, ""), kind="stat", tells=tells, alerts=alerts, steps=steps, wide=wide, high=4)


def row(title):
    return {"title": title, "type": "row", "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


def quantiles(metric, by="", where=""):
    """Median, 95 and 99 in a hundred of a histogram."""
    sums = f"sum by ({'le, ' + by if by else 'le'}) (rate({metric}_bucket{where}[$__rate_interval]))"
    name = "{{" + by + "}} " if by else ""
    return [(f"histogram_quantile({q}, {sums})", f"{name}{label}") for q, label in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))]


def place(panels):
    """From left to right, and down."""
    across = down = highest = 0
    for number, one in enumerate(panels, start=1):
        where = one["gridPos"]
        if across + where["w"] > 24:
            across, down, highest = 0, down + highest, 0
        one["id"] = number
        where |= {"x": across, "y": down}
        across, highest = across + where["w"], max(highest, where["h"])
    return panels


def channel_variable():
    asks = "label_values(oncepost_targets, channel)"
    return {
        "name": "channel", "label": "Channel", "type": "query", "datasource": SOURCE, "definition": asks,
        "query": {"query": asks, "refId": "channels"}, "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def dashboard(name, title, tells, panels, *, variables=(), since="now-6h"):
    source = {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    others = {
        "title": "oncepost", "type": "dashboards", "tags": ["oncepost"], "asDropdown": True, "includeVars": False, "keepTime": True,
        "icon": "external link", "tooltip": "", "url": "", "targetBlank": False,
    }
    return name, {
        "uid": f"oncepost-{name}", "title": title, "description": tells, "tags": ["oncepost"], "schemaVersion": 39, "version": 1,
        "editable": True, "graphTooltip": 1, "refresh": "1m", "time": {"from": since, "to": "now"}, "timezone": "browser",
        "links": [others], "annotations": {"list": []}, "templating": {"list": [source, *variables]}, "panels": place(panels),
    }


OVERVIEW = [
    stat("Promises broken, last hour", "short", "sum(oncepost:invariant_violations:increase1h)", bad=0.5, alerts=["OncepostInvariantBroken"], tells="Must be 0."),
    stat("Duplicates that are open", "short", 'max(oncepost_incidents_open{kind="duplicate"})', bad=1, alerts=["OncepostDuplicatePost"], tells="Must be 0."),
    stat("Overdue targets", "short", "max(oncepost_overdue_targets)", bad=1, alerts=["OncepostTargetsOverdue"], tells="Must be 0: nobody takes their next step."),
    stat("Need a person", "short", "max(oncepost_listed_targets)", odd=1, alerts=["OncepostTargetsNeedAPerson"], tells="On the operators' list."),
    stat("In doubt", "short", "max(oncepost_in_doubt_targets)", odd=1, tells="May be out; the machine looks, or a person decides."),
    stat("Last look for due posts", "s", "time() - max(oncepost_scheduler_last_tick_seconds)", odd=30, bad=120, alerts=["OncepostSchedulerSilent"], tells="How long ago any scheduler looked."),
    panel("Alerts that fire", "short", ('ALERTS{alertname=~"Oncepost.+", alertstate="firing"}', ""), kind="table", wide=24, high=6, tells="Each has a runbook."),
    row("Does it publish?"),
    panel("Handed over and published, per minute", "short",
          ('60 * sum(rate(oncepost_targets_emitted_total{found="scheduled"}[$__rate_interval]))', "came due"),
          ('60 * sum(rate(oncepost_outcomes_total{outcome="published"}[$__rate_interval]))', "published"),
          tells="The two should follow each other."),
    panel("Published in a quarter of an hour, and handed over now", "short",
          ("delta(oncepost:published_targets:sum[15m])", "published, by the ledger"),
          ("oncepost:handed_over_targets:sum", "handed over"), ("max(oncepost_overdue_targets)", "overdue"),
          alerts=["OncepostNothingPublished"], tells="As the ledger counts: survives restarts."),
    panel("Lateness", "s", *quantiles("oncepost_lateness_seconds"), tells="From the planned time to the platform's proof."),
    panel("Targets that are not at rest", "short", ('sum by (state) (oncepost:targets:max{state!~"published|failed|cancelled|expired|scheduled"})', "{{state}}"), stack=True),
    panel("Attempts by outcome, per minute", "short", ("60 * sum by (outcome) (rate(oncepost_outcomes_total[$__rate_interval]))", "{{outcome}}"), stack=True),
    panel("The oldest that waits, and the oldest in doubt", "s",
          ("time() - min(oncepost_oldest_due_seconds > 0)", "waits to be sent"), ("oncepost:undecided_age:seconds", "in doubt"),
          tells="Since their planned time. What a pause holds waits, too."),
    row("What needs people, now and soon"),
    panel("On the operators' list", "short", ("max(oncepost_listed_targets)", "targets"), alerts=["OncepostTargetsNeedAPerson"]),
    panel("Accounts that are not well", "short", ('max by (channel, state) (oncepost_accounts{state!~"ok|unknown"}) > 0', "{{channel}} {{state}}"), stack=True,
          alerts=["OncepostAccountBroken", "OncepostAccountExpiring"]),
    panel("Forecast: will fail or is at risk", "short", ("max by (verdict, reason) (oncepost_forecast_targets) > 0", "{{verdict}} {{reason}}"), stack=True,
          alerts=["OncepostScheduledPostsWillFail", "OncepostScheduledPostsAtRisk"], tells="Of the next 24 hours."),
    panel("Forecast: left out", "short", ("max(oncepost_forecast_targets_not_looked_at)", "targets"), alerts=["OncepostForecastIsCutShort"]),
    panel("Incidents found outside", "short", ("max by (kind) (oncepost_incidents_open)", "{{kind}}, open"),
          alerts=["OncepostDuplicatePost", "OncepostPostVanished"]),
    panel("Accounts compared with their platform, in a day", "short", ("oncepost:audited_accounts:increase1d", "all"),
          ("sum by (outcome) (increase(oncepost_audited_accounts_total[1d]))", "{{outcome}}"), alerts=["OncepostNobodyLooksOutside"]),
    row("In and out"),
    panel("Schedule requests by RabbitMQ, per minute", "short",
          ("60 * sum(rate(oncepost_schedule_accepted_total[$__rate_interval]))", "accepted"),
          ("60 * sum(rate(oncepost_schedule_repeated_total[$__rate_interval]))", "accepted before"),
          ("60 * sum(rate(oncepost_schedule_refused_total[$__rate_interval]))", "refused"), alerts=["OncepostScheduleRefused"]),
    panel("Attempts to send to hooks, per minute", "short", ("60 * sum by (outcome) (rate(oncepost_hook_attempts_total[$__rate_interval]))", "{{outcome}}"), alerts=["OncepostHookGivesUp"]),
    panel("Messages to people that were not taken", "short", ("oncepost:alerts_failed:increase15m", "by {{way}}, in a quarter of an hour"), alerts=["OncepostPeopleAreNotTold"]),
]

OF = '{channel=~"$channel"}'
CHANNEL = [
    row("Publishing"),
    panel("Attempts by outcome, in a quarter of an hour", "short", (f"sum by (outcome) (oncepost:outcomes:increase15m{OF})", "{{outcome}}"), stack=True,
          alerts=["OncepostChannelFails", "OncepostOutcomesUnknown"]),
    panel("Share that did not go out", "percentunit",
          ('sum by (channel) (oncepost:outcomes:increase15m{channel=~"$channel", outcome="not_sent"}) / oncepost:attempts:increase15m', "{{channel}}"), alerts=["OncepostChannelFails"]),
    panel("Share with an unknown outcome", "percentunit",
          ('sum by (channel) (oncepost:outcomes:increase15m{channel=~"$channel", outcome="unknown"}) / oncepost:attempts:increase15m', "{{channel}}"), alerts=["OncepostOutcomesUnknown"]),
    panel("Lateness", "s", *quantiles("oncepost_lateness_seconds", "channel", OF)[1:]),
    panel("How long attempts take", "s", (f"oncepost:publish_duration_seconds:p95_15m{OF}", "{{channel}} 95 %"),
          *quantiles("oncepost_publish_duration_seconds", "channel", OF)[:1], alerts=["OncepostAttemptsSlow"]),
    panel("Held back by a rate limit, per minute", "short", (f"60 * sum by (channel) (rate(oncepost_worker_rate_waits_total{OF}[$__rate_interval]))", "{{channel}}"),
          tells="Costs no try."),
    panel("Attempts by kind, per minute", "short", (f"60 * sum by (kind) (rate(oncepost_attempts_total{OF}[$__rate_interval]))", "{{kind}}"), stack=True,
          tells="A repeat or a look settles a doubt."),
    panel("Failures by code, in a quarter of an hour", "short", (f"sum by (code, outcome) (increase(oncepost_failures_total{OF}[15m])) > 0", "{{code}} {{outcome}}"), stack=True,
          alerts=["OncepostChannelFails", "OncepostOutcomesUnknown"], tells="Each code has a page in docs/errors."),
    panel("In the work queue, and in workers' hands", "short", (f"max by (channel) (oncepost_work_queue_messages{OF})", "{{channel}} waits"),
          (f"sum by (channel) (oncepost_worker_messages_in_hand{OF})", "{{channel}} in hand"), alerts=["OncepostQueueBacklog"]),
    row("What waits"),
    panel("Handed over and not begun", "short", ('oncepost:targets:max{channel=~"$channel", state="queued"}', "{{channel}}"), alerts=["OncepostQueueBacklog"]),
    panel("Waiting for another try", "short", ('oncepost:targets:max{channel=~"$channel", state="retrying"}', "{{channel}}"), alerts=["OncepostRetriesGrow"]),
    panel("In doubt, and decided by the platform later", "short", ('oncepost:targets:max{channel=~"$channel", state=~"in_doubt|processing"}', "{{channel}} {{state}}")),
    panel("Scheduled and held", "short", ('oncepost:targets:max{channel=~"$channel", state=~"scheduled|held"}', "{{channel}} {{state}}")),
    panel("Handed over, per minute, by the state it was found in", "short",
          (f"60 * sum by (found) (rate(oncepost_targets_emitted_total{OF}[$__rate_interval]))", "{{found}}"), stack=True),
    panel("Lateness of the hand-over", "s", *quantiles("oncepost_emit_lateness_seconds", "channel", OF)[1:]),
    row("Accounts and dead letters"),
    panel("Accounts", "short", (f"max by (state) (oncepost_accounts{OF})", "{{state}}"), stack=True, alerts=["OncepostAccountBroken", "OncepostAccountExpiring"]),
    panel("Renewals of tokens, in an hour", "short", (f"sum by (channel, outcome) (increase(oncepost_renewals_total{OF}[1h]))", "{{channel}} {{outcome}}")),
    panel("Looks outside, in a day", "short", (f"sum by (channel, outcome) (increase(oncepost_audited_accounts_total{OF}[1d]))", "{{channel}} {{outcome}}"),
          alerts=["OncepostNobodyLooksOutside"]),
    panel("Dead letters", "short", (f"max by (channel) (oncepost_dead_letters{OF})", "{{channel}}")),
    panel("Dead letters that do not agree with the ledger", "short", (f"max by (channel) (oncepost_dead_letters_drift{OF})", "{{channel}}"), alerts=["OncepostDeadLettersDrift"]),
    panel("Dead letters of no target", "short", (f"max by (channel) (oncepost_dead_letters_foreign{OF})", "{{channel}}"), alerts=["OncepostDeadLettersForeign"]),
    panel("Dead letters taken out and written anew, in an hour", "short",
          (f"sum by (channel) (increase(oncepost_dead_letters_removed_total{OF}[1h]))", "{{channel}} taken out"),
          (f"sum by (channel) (increase(oncepost_dead_letters_restored_total{OF}[1h]))", "{{channel}} written anew")),
    panel("Messages that cannot be read, in an hour", "short", (f"oncepost:bad_messages:increase1h{OF}", "{{channel}}"), alerts=["OncepostBadMessages"]),
    panel("Messages of a newer version, in an hour", "short", (f"sum by (channel) (increase(oncepost_worker_newer_messages_total{OF}[1h]))", "{{channel}}"),
          tells="In an upgrade they go round until a worker that knows them takes them."),
]


def each_hour(metric, legend, by=""):
    return (f"sum by ({by}) (increase({metric}[1h]))" if by else f"sum(increase({metric}[1h]))", legend)


PARTS = [
    row("Processes"),
    panel("Processes that Prometheus reaches", "short", ('up{job=~"(.+/)?oncepost.*"}', "{{job}} {{instance}}"), alerts=["OncepostProcessDown"], wide=12),
    panel("Processes that export", "short", ("count(count by (instance) (oncepost_invariant_violations_total)) or vector(0)", "processes"), alerts=["OncepostNotScraped"], wide=12),
    row("Scheduler"),
    panel("Since the last look for due posts", "s", ("time() - oncepost_scheduler_last_tick_seconds", "{{instance}}"), alerts=["OncepostSchedulerSilent"]),
    panel("Waits, per minute", "short",
          ("60 * sum(rate(oncepost_scheduler_broker_waits_total[$__rate_interval]))", "for the broker"),
          ("60 * sum(rate(oncepost_scheduler_ledger_waits_total[$__rate_interval]))", "for the ledger"),
          ("60 * sum(rate(oncepost_worker_ledger_waits_total[$__rate_interval]))", "workers for the ledger"), alerts=["OncepostLedgerAway"]),
    panel("Lateness of the hand-over", "s", *quantiles("oncepost_emit_lateness_seconds")),
    panel("Not taken by the broker, and put off for a drip, in an hour", "short", each_hour("oncepost_emit_failures_total", "{{channel}} not taken", "channel"),
          each_hour("oncepost_scheduler_paced_total", "put off")),
    panel("Found by the sweep, in an hour", "short", each_hour("oncepost_sweep_findings_total", "{{kind}}", "kind"), ("max(oncepost_overdue_targets)", "overdue now"),
          alerts=["OncepostTargetsOverdue"]),
    panel("Events left to the sweep, in an hour", "short", each_hour("oncepost_events_left_to_sweep_total", "events")),
    panel("Promises broken, in an hour", "short", ("oncepost:invariant_violations:increase1h", "{{invariant}}"), alerts=["OncepostInvariantBroken"]),
    panel("Looks through the dead letters, in an hour", "short", each_hour("oncepost_dead_letters_looks_total", "{{outcome}}", "outcome")),
    panel("Since the keepers' last look ahead", "s", ("time() - max(oncepost_forecast_last_look_seconds)", "forecast"), alerts=["OncepostNobodyLooksAhead"]),
    row("RabbitMQ"),
    panel("Connections", "short", ("oncepost_broker_connected", "{{instance}} {{role}}"), alerts=["OncepostBrokerAway"]),
    panel("Published, per minute", "short", ("60 * sum by (to, outcome) (rate(oncepost_broker_published_total[$__rate_interval]))", "{{to}} {{outcome}}"), stack=True),
    panel("How long confirms take", "s", *quantiles("oncepost_broker_confirm_seconds")),
    panel("Reconnected, and consumers started again, in an hour", "short", each_hour("oncepost_broker_reconnects_total", "{{role}} reconnected", "role"),
          each_hour("oncepost_broker_consumer_restarts_total", "consumer {{why}}", "why")),
    panel("Settled, per minute", "short", ("60 * sum by (outcome) (rate(oncepost_broker_settled_total[$__rate_interval]))", "{{outcome}}"), stack=True),
    panel("In the retry queues", "short", ("max by (tier) (oncepost_retry_queue_messages)", "{{tier}}"), stack=True, alerts=["OncepostRetriesGrow"]),
    panel("Schedule requests that wait, work that waits, work in hand", "short", ("max(oncepost_schedule_queue_messages)", "schedule requests"),
          ("sum(max by (channel) (oncepost_work_queue_messages))", "work waits"), ("sum(oncepost_worker_messages_in_hand)", "work in hand")),
    panel("Messages that no queue took", "short", ("max(oncepost_unrouted_messages)", "messages"), alerts=["OncepostMessagesUnrouted"]),
    row("Ledger and guard"),
    panel("Commands in one transaction", "short", *quantiles("oncepost_ledger_batch_size")),
    panel("Due targets that nobody here can read", "short", ("max(oncepost_ledger_unreadable_targets)", "targets"), alerts=["OncepostTargetsUnreadable"]),
    panel("Rows and messages left to a newer version, in an hour", "short", each_hour("oncepost_ledger_rows_left_out_total", "rows left out of lists"),
          each_hour("oncepost_worker_unreadable_targets_total", "messages")),
    panel("Redis: questions without an answer, per minute", "short", ("60 * sum by (operation) (rate(oncepost_guard_errors_total[$__rate_interval]))", "{{operation}}"), alerts=["OncepostGuardAway"]),
    panel("Attempts without the dedupe lock, per minute", "short", ("60 * sum(rate(oncepost_worker_unguarded_total[$__rate_interval]))", "attempts"), tells="The ledger decides."),
    panel("Spans of traces that are kept, per minute", "short", ("60 * sum by (outcome) (rate(oncepost_spans_total[$__rate_interval]))", "{{outcome}}"),
          tells="What ended and was not sent is lost. Posts do not wait for it."),
    row("API and console"),
    panel("Changes, in an hour", "short", each_hour("oncepost_api_changes_total", "{{action}}", "action"), stack=True),
    panel("Calls answered with 429, per minute", "short", ("60 * sum by (reason) (rate(oncepost_api_slowed_total[$__rate_interval]))", "{{reason}}")),
    panel("Heartbeats that were not noted, in an hour", "short", each_hour("oncepost_heartbeats_failed_total", "heartbeats")),
    panel("Logins, in an hour", "short", each_hour("oncepost_console_logins_total", "{{outcome}}", "outcome")),
]

WINDOWS = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]
ON_TIME = 'sum(increase(oncepost_lateness_seconds_bucket{le="60"}[30d])) / sum(increase(oncepost_lateness_seconds_count[30d]))'
SLO = [
    row("On time: 99 % are out within 60 seconds"),
    stat("On time, 30 days", "percentunit", ON_TIME, wide=6, tells="Of what was published."),
    stat("Budget left", "percentunit", f"1 - (1 - {ON_TIME}) / 0.01", wide=6, tells="Of the 1 % that may be late in 30 days."),
    stat("Late in three days", "short", "oncepost:late:increase3d", wide=6, alerts=["OncepostLateBudgetBurnsSlowly"]),
    stat("Late in six hours", "short", "oncepost:late:increase6h", wide=6, alerts=["OncepostLateBudgetBurnsFast"]),
    panel("How fast the budget burns", "short", *[(f"oncepost:late:ratio_rate{w} / 0.01", w) for w in WINDOWS], wide=24,
          tells="1 is just enough for 30 days; 14.4 uses it up in two days.", alerts=["OncepostLateBudgetBurnsFast", "OncepostLateBudgetBurnsSlowly"]),
    row("Undecided: 99 % of the time none is older than four hours"),
    stat("The oldest in doubt", "s", "oncepost:undecided_age:seconds", odd=3600, bad=14400, wide=6, tells="Since its planned time."),
    stat("Kept, 30 days", "percentunit", "1 - avg_over_time(oncepost:undecided_old:bool[30d])", wide=6),
    stat("Budget left", "percentunit", "1 - avg_over_time(oncepost:undecided_old:bool[30d]) / 0.01", wide=6),
    stat("In doubt now", "short", "max(oncepost_in_doubt_targets)", wide=6),
    panel("How fast the budget burns", "short", *[(f"oncepost:undecided_old:ratio_time{w} / 0.01", w) for w in WINDOWS], wide=24,
          alerts=["OncepostUndecidedBudgetBurnsFast", "OncepostUndecidedBudgetBurnsSlowly"]),
    row("No duplicates: at most one in 100,000"),
    stat("Duplicates found, three days", "short", "oncepost:duplicates:increase3d", bad=0.5, wide=6),
    stat("Duplicates that are open", "short", 'max(oncepost_incidents_open{kind="duplicate"})', bad=1, wide=6, alerts=["OncepostDuplicatePost"]),
    panel("Incidents that were new, in a day", "short", ("sum by (kind) (increase(oncepost_incidents_found_total[1d]))", "{{kind}}"), wide=12, high=4),
    panel("How fast the budget burns", "short", *[(f"oncepost:duplicates:ratio_rate{w} / 0.00001", w) for w in ("1h", "6h", "3d")], wide=24, alerts=["OncepostDuplicatesBurn"]),
]

DASHBOARDS = [
    dashboard("overview", "oncepost: overview", "Does everything that is due go out, and does anything need a person?", OVERVIEW),
    dashboard("channel", "oncepost: channels", "One channel, or several beside each other.", CHANNEL, variables=[channel_variable()]),
    dashboard("parts", "oncepost: processes and stores", "Schedulers, workers, keepers, API; RabbitMQ, PostgreSQL and Redis as they see them.", PARTS),
    dashboard("slo", "oncepost: service levels", "What is promised for 30 days, what is left of it, and how fast it goes.", SLO, since="now-7d"),
]


def main():
    differ = False
    for name, what in DASHBOARDS:
        path, text = HERE / f"{name}.json", json.dumps(what, indent=2) + "\n"
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path} is not what dashboards.py says: run {sys.argv[0]}", file=sys.stderr)
            differ = True
    sys.exit(differ)


if __name__ == "__main__":
    main()
