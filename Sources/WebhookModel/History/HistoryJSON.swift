/// The response bodies that say what happened to a webhook.
package enum HistoryJSON {
    /// - Parameter attempts: The newest first.
    package static func attempts(_ attempts: [AttemptRecord]) -> [UInt8] {
        var writer = JSONWriter(capacity: 64 + attempts.count * 280)
        writer.object { root in
            root.object("data") { data in
                data.array("webhookAttempts") { list in
                    for attempt in attempts { list.object { write(attempt, to: &$0) } }
                }
            }
        }
        return writer.bytes
    }

    package static func deadLetters(
        _ letters: [DeadLetterRecord], hasNextPage: Bool, hasPreviousPage: Bool, totalCount: Int
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: 256 + letters.count * 360)
        writer.object { root in
            root.object("data") { data in
                data.array("deadLetters") { list in
                    for letter in letters { list.object { write(letter, to: &$0) } }
                }
            }
            root.object("pageInfo") { info in
                info.member("hasNextPage", hasNextPage)
                info.member("hasPreviousPage", hasPreviousPage)
                info.member("startCursor", letters.first?.id.description)
                info.member("endCursor", letters.last?.id.description)
            }
            root.member("totalCount", Int64(totalCount))
        }
        return writer.bytes
    }

    package static func replayed(_ count: Int, remaining: Int) -> [UInt8] {
        var writer = JSONWriter(capacity: 96)
        writer.object { root in
            root.object("data") { data in
                data.object("replayWebhook") { object in
                    object.member("replayed", Int64(count))
                    object.member("remaining", Int64(remaining))
                }
            }
        }
        return writer.bytes
    }

    private static func write(_ attempt: AttemptRecord, to object: inout JSONWriter) {
        object.member("eventId", attempt.eventID.uuid)
        object.member("event", attempt.event)
        object.member("attempt", Int64(attempt.number))
        object.member("at", time: attempt.at)
        object.member("outcome", attempt.error == nil ? "delivered" : "failed")
        object.member("statusCode", attempt.statusCode.map { Int64($0) })
        object.member("error", attempt.error?.rawValue)
        object.member("durationMs", Int64(attempt.durationMilliseconds))
        object.member("willRetryAt", time: attempt.willRetryAt)
    }

    private static func write(_ letter: DeadLetterRecord, to object: inout JSONWriter) {
        object.member("id", letter.id.description)
        object.member("eventId", letter.id.event.uuid)
        object.member("event", letter.event)
        object.member("reason", letter.reason)
        object.member("attempts", Int64(letter.attempts))
        object.member("firstAttemptAt", time: letter.log.first?.at)
        object.member("diedAt", time: letter.id.diedAt)
        object.member("lastStatusCode", letter.log.last?.statusCode.map { Int64($0) })
        object.member("lastError", letter.log.last?.error?.rawValue)
    }
}
