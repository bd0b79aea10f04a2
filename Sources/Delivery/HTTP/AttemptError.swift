/// The class of a failed attempt, as clients see it (stands here until the model has it).
package enum AttemptError: String, Sendable { case status, timeout, connection, dns, tls, `protocol`, blocked }
