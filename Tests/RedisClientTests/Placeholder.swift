import TestSupport
import Testing

@Test func `a private redis-server starts, is killed and starts again`() async throws {
    let server = try await RedisServer.start(tcp: true)
    server.kill()
    try await server.restart()
    #expect(try builtExecutable().hasSuffix("/webhooks"))
}
