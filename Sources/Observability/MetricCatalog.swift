/// Every metric of the service, in the order of its page. What is not here is not exported.
///
/// `webhooks_shard_…` are facts of the whole system, the same on every node: dashboards take their maximum. All others are
/// of the node that is asked: dashboards add them up.
package enum MetricCatalog {
    package static let families = api + delivery + redis + shard + process

    private static let attemptBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    private static let phaseBuckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10]
    private static let latencyBuckets = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600, 21_600,
    ]

    private static let api = [
        MetricFamily("webhooks_events_accepted_total", .counter, "Events that this node accepted, repeats left out."),
        MetricFamily(
            "webhooks_events_duplicate_total", .counter,
            "Events that this node answered as repeats of one that was accepted before."),
        MetricFamily(
            "webhooks_event_requests_refused_total", .counter,
            "Requests to post events that this node refused, by reason.",
            label: .init(
                name: "reason",
                values: [
                    "invalid", "unauthorized", "forbidden", "conflict", "too_large", "media_type", "limited",
                    "unavailable", "internal",
                ])),
        MetricFamily(
            "webhooks_http_requests_total", .counter, "Answers of this node to requests, by the class of their status.",
            label: .init(name: "class", values: ["2xx", "3xx", "4xx", "5xx"])),
    ]

    private static let delivery = [
        MetricFamily(
            "webhooks_attempts_total", .counter,
            "Attempts of this node that ended, by result: delivered, or the class of the error.",
            label: .init(
                name: "result",
                values: ["delivered", "status", "timeout", "connection", "dns", "tls", "protocol", "blocked"])),
        MetricFamily(
            "webhooks_delivery_outcomes_total", .counter,
            "What attempts of this node meant for their deliveries: delivered, put off to a retry, dead, or given back untried.",
            label: .init(name: "outcome", values: ["delivered", "retry", "dead", "returned"])),
        MetricFamily(
            "webhooks_attempt_duration_seconds", .histogram(attemptBuckets),
            "How long attempts of this node took in all."),
        MetricFamily(
            "webhooks_attempt_phase_duration_seconds", .histogram(phaseBuckets),
            "How long the phases of attempts took; phases that did not happen are not counted.",
            label: .init(name: "phase", values: ["dns", "connect", "tls", "response"])),
        MetricFamily(
            "webhooks_accept_to_delivery_seconds", .histogram(latencyBuckets),
            "Time from the acceptance of an event to its delivery, retries and waits included."),
        MetricFamily("webhooks_attempts_in_flight", .gauge, "Attempts of this node that run now."),
        MetricFamily("webhooks_attempts_in_flight_limit", .gauge, "The most attempts this node runs at once."),
        MetricFamily(
            "webhooks_attempts_waiting_for_host", .gauge,
            "Attempts of this node that wait because their host has as many connections as it may have."),
        MetricFamily("webhooks_target_connections", .gauge, "Connections of this node to targets that are open."),
        MetricFamily(
            "webhooks_target_connections_opened_total", .counter, "Connections to targets that this node began."),
        MetricFamily("webhooks_lane_ready", .gauge, "1 while this node holds a lane whose lease was renewed lately."),
        MetricFamily("webhooks_lanes_lost_total", .counter, "Lanes that this node gave up after a fault."),
        MetricFamily(
            "webhooks_claims_lost_total", .counter,
            "Tokens whose outcome came after another node had taken them over: possible duplicates."),
    ]

    private static let redis = [
        MetricFamily(
            "webhooks_redis_command_duration_seconds",
            .histogram([0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 2]),
            "Time from a command of this node to Redis to its reply."),
        MetricFamily("webhooks_redis_connections_opened_total", .counter, "Connections to Redis that this node made."),
        MetricFamily(
            "webhooks_redis_errors_total", .counter, "Commands of this node to Redis that failed, by kind.",
            label: .init(
                name: "kind", values: ["connect", "not_sent", "unknown_outcome", "timeout", "overloaded", "refused"])),
    ]

    private static let shard = [
        MetricFamily(
            "webhooks_shard_up", .gauge, "1 when this node could read the state of the shard from Redis lately."),
        MetricFamily("webhooks_shard_survey_duration_seconds", .gauge, "How long the last look at the shard took."),
        MetricFamily(
            "webhooks_shard_events_total", .counter, "Events since the beginning, by what became of them.",
            label: .init(name: "state", values: ["accepted", "fanned_out", "unmatched", "poisoned"])),
        MetricFamily(
            "webhooks_shard_deliveries_total", .counter, "Deliveries since the beginning, by state.",
            label: .init(
                name: "state", values: ["planned", "delivered", "dead", "dropped", "replayed", "trimmed"])),
        MetricFamily(
            "webhooks_shard_failed_attempts_total", .counter, "Attempts since the beginning that failed."),
        MetricFamily("webhooks_shard_open_items", .gauge, "Events before fan-out and deliveries that are not final."),
        MetricFamily("webhooks_shard_open_items_limit", .gauge, "The most open items before events are refused."),
        MetricFamily("webhooks_shard_waiting_events", .gauge, "Events that wait for their fan-out or are in it."),
        MetricFamily("webhooks_shard_open_deliveries", .gauge, "Deliveries that are not final."),
        MetricFamily("webhooks_shard_in_flight", .gauge, "Tokens that the lanes of all nodes hold."),
        MetricFamily("webhooks_shard_retries", .gauge, "Deliveries that wait for their next attempt."),
        MetricFamily("webhooks_shard_dead_letters", .gauge, "Dead letters that are kept."),
        MetricFamily("webhooks_shard_poison_events", .gauge, "Events that were given up before their fan-out."),
        MetricFamily("webhooks_shard_suspects", .gauge, "Tokens that met two dead nodes and are tried alone."),
        MetricFamily(
            "webhooks_shard_failing_endpoints", .gauge,
            "Endpoints whose deliveries wait: open ones until their probe, half-open ones while it runs.",
            label: .init(name: "state", values: ["open", "half"])),
        MetricFamily(
            "webhooks_shard_oldest_waiting_age_seconds", .gauge,
            "Age of the oldest first attempt among the next to be tried; endpoints that are open do not count."),
        MetricFamily(
            "webhooks_shard_oldest_due_retry_age_seconds", .gauge, "How long the oldest retry that is due has waited."),
        MetricFamily("webhooks_shard_lanes", .gauge, "Lanes whose lease runs: one for each living delivery node."),
        MetricFamily("webhooks_redis_memory_used_bytes", .gauge, "Memory that Redis uses."),
        MetricFamily(
            "webhooks_redis_memory_limit_bytes", .gauge, "The memory that Redis may use (maxmemory), 0 for no limit."),
        MetricFamily("webhooks_redis_aof_enabled", .gauge, "1 when Redis writes an append-only file."),
        MetricFamily(
            "webhooks_redis_aof_last_write_ok", .gauge, "1 when the last write to the append-only file worked."),
        MetricFamily("webhooks_redis_evicts", .gauge, "1 when Redis may evict keys: it must be set to noeviction."),
        MetricFamily("webhooks_redis_replicas", .gauge, "Replicas that are connected to Redis."),
    ]

    private static let process = [
        MetricFamily("process_cpu_seconds_total", .counter, "CPU time of this process, user and system."),
        MetricFamily("process_resident_memory_bytes", .gauge, "Resident memory of this process."),
        MetricFamily("process_open_fds", .gauge, "Open file descriptors of this process."),
        MetricFamily("process_max_fds", .gauge, "The most file descriptors that this process may open."),
        MetricFamily("process_start_time_seconds", .gauge, "When this process started, in seconds since 1970."),
        MetricFamily(
            "webhooks_event_loop_lag_seconds", .gauge,
            "The longest time since the last scrape by which a timer of the node's event loop was late."),
    ]
}
