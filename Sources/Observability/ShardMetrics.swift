import RedisClient
import WebhookStore

/// The gauges of the whole system, as samples.
enum ShardMetrics {
    /// One survey and what Redis says of itself; only `webhooks_shard_up` 0 when that cannot be had.
    static func samples(of shard: Shard, limit: Duration) async -> [MetricSample] {
        let began = ContinuousClock.now
        do {
            let survey = try await shard.survey(timeout: limit)
            let took = ContinuousClock.now - began
            let facts = try await shard.executor.serverFacts(timeout: limit)
            return [
                MetricSample("webhooks_shard_up", 1),
                MetricSample("webhooks_shard_survey_duration_seconds", took / .seconds(1)),
                MetricSample("webhooks_shard_open_items_limit", shard.limits.maximumBacklog),
            ] + samples(of: survey) + samples(of: facts)
        } catch {
            return [MetricSample("webhooks_shard_up", 0)]  // the alert on it says where to look
        }
    }

    private static func samples(of survey: ShardSurvey) -> [MetricSample] {
        func event(_ state: String, _ count: Int64) -> MetricSample {
            MetricSample("webhooks_shard_events_total", count, label: state)
        }
        func delivery(_ state: String, _ count: Int64) -> MetricSample {
            MetricSample("webhooks_shard_deliveries_total", count, label: state)
        }
        return [
            event("accepted", survey.accepted), event("fanned_out", survey.fannedOut),
            event("unmatched", survey.unmatched), event("poisoned", survey.poisoned),
            delivery("planned", survey.planned), delivery("delivered", survey.delivered),
            delivery("dead", survey.dead), delivery("dropped", survey.dropped),
            delivery("replayed", survey.replayed), delivery("trimmed", survey.trimmed),
            MetricSample("webhooks_shard_failed_attempts_total", survey.failed),
            MetricSample("webhooks_shard_open_items", survey.openItems),
            MetricSample("webhooks_shard_waiting_events", survey.waitingEvents),
            MetricSample("webhooks_shard_open_deliveries", survey.openDeliveries),
            MetricSample("webhooks_shard_in_flight", survey.claimed),
            MetricSample("webhooks_shard_retries", survey.retries),
            MetricSample("webhooks_shard_dead_letters", survey.deadLetters),
            MetricSample("webhooks_shard_poison_events", survey.poisonEvents),
            MetricSample("webhooks_shard_suspects", survey.suspects),
            MetricSample("webhooks_shard_failing_endpoints", survey.openEndpoints, label: "open"),
            MetricSample("webhooks_shard_failing_endpoints", survey.halfOpenEndpoints, label: "half"),
            MetricSample(
                "webhooks_shard_oldest_waiting_age_seconds", Double(survey.oldestWaitingAge ?? 0) / 1000),
            MetricSample(
                "webhooks_shard_oldest_due_retry_age_seconds", Double(survey.oldestDueRetryAge ?? 0) / 1000),
            MetricSample("webhooks_shard_lanes", survey.livingLanes),
        ]
    }

    private static func samples(of facts: RedisServerFacts) -> [MetricSample] {
        [
            MetricSample("webhooks_redis_memory_used_bytes", facts.usedMemory),
            MetricSample("webhooks_redis_memory_limit_bytes", facts.memoryLimit),
            MetricSample("webhooks_redis_aof_enabled", facts.isAppendOnly ? 1 : 0),
            MetricSample("webhooks_redis_aof_last_write_ok", facts.lastAppendWorked ? 1 : 0),
            MetricSample("webhooks_redis_evicts", facts.evicts ? 1 : 0),
            MetricSample("webhooks_redis_replicas", facts.replicas),
        ]
    }
}
