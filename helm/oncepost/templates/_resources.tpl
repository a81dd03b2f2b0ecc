{{/* What a container asks for and may take. The API server would refuse more of the one than of the other: (dict "resources" … "of" its path). */}}
{{- define "oncepost.resources" -}}
{{- $limits := default dict .resources.limits -}}
{{- range $name, $asked := .resources.requests -}}
{{- if and $asked (hasKey $limits $name) -}}
{{- $most := get $limits $name -}}
{{- if lt (include "oncepost.quantity" $most | float64) (include "oncepost.quantity" $asked | float64) -}}
{{- fail (printf "%s: limits.%s is %v and must be at least requests.%s, which is %v" $.of $name $most $name $asked) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml .resources }}
{{- end }}

{{/* A quantity of Kubernetes as a plain number: 500m is 0.5, 1Ki is 1024. */}}
{{- define "oncepost.quantity" -}}
{{- $units := dict "" 1 "n" 1e-9 "u" 1e-6 "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 -}}
{{- range $power, $unit := list "Ki" "Mi" "Gi" "Ti" "Pi" "Ei" -}}
{{- $bytes := 1.0 -}}
{{- range until (add $power 1 | int) -}}{{- $bytes = mulf $bytes 1024 -}}{{- end -}}
{{- $_ := set $units $unit $bytes -}}
{{- end -}}
{{- $number := toString . | regexFind "^[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?" -}}
{{- $unit := toString . | trimPrefix $number -}}
{{- if or (not $number) (not (hasKey $units $unit)) -}}{{- fail (printf "%v is no quantity such as 500m, 2 or 1Gi" .) -}}{{- end -}}
{{ mulf (float64 $number) (get $units $unit) }}
{{- end }}

{{/* Room for the files that a pod works on: one that does not fit has the pod evicted. */}}
{{- define "oncepost.spoolSize" -}}
{{- $largest := default 1073741824 (default dict .Values.settings.media).max_bytes -}}
{{- if lt (include "oncepost.quantity" .Values.media.spoolSize | float64) (mulf 2 $largest) -}}
{{- fail (printf "media.spoolSize: is %s and must hold two files of settings.media.max_bytes, which is %d: one that is worked on, and those that are kept at hand. Raise it, or lower max_bytes" .Values.media.spoolSize (int64 $largest)) -}}
{{- end -}}
{{ .Values.media.spoolSize }}
{{- end }}
