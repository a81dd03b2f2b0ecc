{{/* The settings of all processes, as JSON: what the values say, and what follows from the rest of them. */}}
{{- define "oncepost.settings" -}}
{{- $settings := deepCopy .Values.settings -}}
{{- $channels := default dict $settings.channels -}}
{{- range .Files.Get "files/channels.yaml" | fromYamlArray -}}
{{- if not (hasKey $.Values.channels .) -}}
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
{{ toPrettyJson $settings }}
{{- end }}

{{/* Seconds of a duration as people write it, rounded up: 250ms, 30s, 2m, 1h 30m. */}}
{{- define "oncepost.seconds" -}}
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
{{ div (add $millis 999) 1000 }}
{{- end }}

{{/* How long a pod may take to end: the longest publish, or the API's longest answer (60 s), and the margin; for the API also what it waits before. */}}
{{- define "oncepost.grace" -}}
{{- $protocol := default dict .root.Values.settings.protocol -}}
{{- $attempt := include "oncepost.seconds" (default "2m" $protocol.attempt_limit) | int64 -}}
{{- $leave := eq .service "api" | ternary .root.Values.api.leaveSeconds 0 | int64 -}}
{{ add (max $attempt 60) (int64 .root.Values.drain.marginSeconds) $leave }}
{{- end }}

{{- define "oncepost.prefix" -}}
{{ default "oncepost" (default dict .Values.settings.broker).prefix }}
{{- end }}

{{/*
How many workers a channel gets at most: what it says itself, or else what is allowed to all, lowered to what keeps its platform's quota busy
and to what its queue can fill. Never under the replicas it has at least, nor under two, so that one may be replaced: (dict "root" $ "channel" name "values" …).
*/}}
{{- define "oncepost.maxReplicas" -}}
{{- $auto := .root.Values.autoscaling -}}
{{- $least := default .root.Values.workers.replicas .values.replicas | int64 -}}
{{- if .values.maxReplicas -}}
{{ max $least (int64 .values.maxReplicas) }}
{{- else -}}
{{- $most := int64 $auto.maxReplicas -}}
{{- $protocol := default dict .root.Values.settings.protocol -}}
{{- $most = min $most (div (default 2000 $protocol.outstanding_per_channel | int64) (int64 $auto.messagesPerWorker)) -}}
{{- with get (.root.Files.Get "files/quotas.yaml" | fromYaml) .channel -}}
{{- $accounts := eq .per "app" | ternary 1 (default 100 $.values.accounts) -}}
{{- $busy := divf (mulf .posts $accounts) (mulf .seconds $auto.postsPerSecond) | ceil | int64 -}}
{{- $most = min $most $busy -}}
{{- end -}}
{{ max $least $most 2 }}
{{- end -}}
{{- end }}
