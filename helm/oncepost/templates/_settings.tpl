{{/* The settings of all processes, as JSON: what the values say, and what follows from the rest of them. */}}
{{- define "oncepost.settings" -}}
{{- $settings := deepCopy .Values.settings -}}
{{- $channels := default dict $settings.channels -}}
{{- range .Files.Get "files/channels.yaml" | fromYamlArray -}}
{{- $own := get $.Values.channels . | default dict -}}
{{- if or (not (hasKey $.Values.channels .)) (eq (include "oncepost.replicas" (dict "root" $ "values" $own) | int64) 0) -}}
{{- $_ := set $channels . (merge (dict "enabled" false) (default dict (get $channels .))) -}}
{{- end -}}
{{- end -}}
{{- if $channels -}}{{- $_ := set $settings "channels" $channels -}}{{- end -}}
{{- $media := default dict $settings.media -}}
{{- $_ := set $media "spool" "/tmp" -}}
{{- if .Values.media.existingClaim -}}
{{- if $media.store -}}{{- fail "media.existingClaim and settings.media.store: there is one store; leave one of them out" -}}{{- end -}}
{{- $_ := set $media "store" "/var/lib/oncepost/media" -}}
{{- end -}}
{{- $_ := set $settings "media" $media -}}
{{- include "oncepost.ordered" . -}}
{{ toPrettyJson $settings }}
{{- end }}

{{/* Milliseconds of a duration as people write it: 250ms, 30s, 2m, 1h 30m. */}}
{{- define "oncepost.millis" -}}
{{- $millis := 0 -}}
{{- $rest := . -}}
{{- range regexFindAll "[0-9]+ *(ms|s|m|h)" . -1 -}}
{{- $rest = replace . "" $rest -}}
{{- $number := regexFind "[0-9]+" . | int64 -}}
{{- $unit := regexFind "[a-z]+" . -}}
{{- $millis = add $millis (mul $number (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit)) -}}
{{- end -}}
{{- if or (eq $millis 0) (trim $rest) -}}
{{- fail (printf "%s is not a duration such as 30s, 2m or 1h 30m" .) -}}
{{- end -}}
{{ $millis }}
{{- end }}

{{/* The same in seconds, rounded up. */}}
{{- define "oncepost.seconds" -}}
{{ div (add (include "oncepost.millis" . | int64) 999) 1000 }}
{{- end }}

{{/*
Each of these must end before the next one does, and a fetch before its attempt. The program refuses to start otherwise
(shared/settings/src/check.rs): who renders the chart hears it before a pod does, in the same words.
*/}}
{{- define "oncepost.ordered" -}}
{{- $rules := .Files.Get "files/order.yaml" | fromYaml -}}
{{- range $rules.order -}}
{{- $first := include "oncepost.span" (dict "root" $ "path" .first "defaults" $rules.defaults) -}}
{{- $second := include "oncepost.span" (dict "root" $ "path" .second "defaults" $rules.defaults) -}}
{{- $longer := sub (include "oncepost.millis" $second | int64) (include "oncepost.millis" $first | int64) -}}
{{- if lt $longer (ternary 0 1 (default false .equal) | int64) -}}
{{- $relation := ternary "at most" "shorter than" (default false .equal) -}}
{{- fail (printf "settings.%s: is %s and must be %s %s, which is %s: %s. Raise %s, or lower %s" .first $first $relation .second $second .why .second .first) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A duration of the settings, or its default: (dict "root" $ "path" "protocol.lease" "defaults" …). */}}
{{- define "oncepost.span" -}}
{{- $path := splitList "." .path -}}
{{- $group := get .root.Values.settings (first $path) | default dict -}}
{{ get $group (last $path) | default (get .defaults (last $path)) }}
{{- end }}

{{/* How long a pod may take to end: the longest publish, or the API's longest answer (60 s), and the margin; for the API also what it waits before. */}}
{{- define "oncepost.grace" -}}
{{- $protocol := default dict .root.Values.settings.protocol -}}
{{- $attempt := include "oncepost.seconds" (default "2m" $protocol.attempt_limit) | int64 -}}
{{- $leave := eq .service "api" | ternary .root.Values.api.leaveSeconds 0 | int64 -}}
{{ add (max $attempt 60) (int64 .root.Values.drain.marginSeconds) $leave }}
{{- end }}

{{/* The port of an address. */}}
{{- define "oncepost.port" -}}
{{- $url := urlParse . -}}
{{ regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end }}

{{- define "oncepost.prefix" -}}
{{ default "oncepost" (default dict .Values.settings.broker).prefix }}
{{- end }}

{{/* How many workers a channel has, or with autoscaling at least; 0: none, and the channel is off: (dict "root" $ "values" …). */}}
{{- define "oncepost.replicas" -}}
{{ hasKey .values "replicas" | ternary .values.replicas .root.Values.workers.replicas | int64 }}
{{- end }}

{{/*
How many workers a channel gets at most, as { most, by }: what it says itself, or else what is allowed to all, lowered to what keeps its platform's
quota busy and to what its queue can fill. Never under the replicas it has at least, nor under two, so that one may be replaced. `by` is which of
these it was: (dict "root" $ "channel" name "values" …).
*/}}
{{- define "oncepost.bound" -}}
{{- $auto := .root.Values.autoscaling -}}
{{- $least := include "oncepost.replicas" (dict "root" .root "values" .values) | int64 -}}
{{- $most := int64 $auto.maxReplicas -}}
{{- $by := "autoscaling.maxReplicas" -}}
{{- if .values.maxReplicas -}}
{{- $most = int64 .values.maxReplicas -}}
{{- $by = printf "channels.%s.maxReplicas" .channel -}}
{{- else -}}
{{- $protocol := default dict .root.Values.settings.protocol -}}
{{- $filled := div (default 2000 $protocol.outstanding_per_channel | int64) (int64 $auto.messagesPerWorker) -}}
{{- if lt $filled $most -}}
{{- $most = $filled -}}
{{- $by = "what its queue can fill (settings.protocol.outstanding_per_channel by autoscaling.messagesPerWorker)" -}}
{{- end -}}
{{- with get (.root.Files.Get "files/quotas.yaml" | fromYaml) .channel -}}
{{- $accounts := eq .per "app" | ternary 1 (default 100 $.values.accounts) -}}
{{- $busy := divf (mulf .posts $accounts) (mulf .seconds $auto.postsPerSecond) | ceil | int64 -}}
{{- if lt $busy $most -}}
{{- $most = $busy -}}
{{- $of := eq .per "app" | ternary "its app" (printf "each of %d accounts" (int64 $accounts)) -}}
{{- $by = printf "its platform's quota, %d posts in %d s of %s" (int64 .posts) (int64 .seconds) $of -}}
{{- end -}}
{{- end -}}
{{- if lt $most 2 -}}
{{- $most = 2 -}}
{{- $by = printf "the two that let one be replaced. Fewer would do by %s" $by -}}
{{- end -}}
{{- end -}}
{{- if lt $most $least -}}
{{- $most = $least -}}
{{- $by = printf "its own least. Fewer would do by %s" $by -}}
{{- end -}}
{{ dict "most" $most "by" $by | toYaml }}
{{- end }}

{{- define "oncepost.maxReplicas" -}}
{{ (include "oncepost.bound" . | fromYaml).most | int64 }}
{{- end }}
