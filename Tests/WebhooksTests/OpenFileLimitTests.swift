import Glibc
import Testing

@testable import webhooks

@Suite(.serialized) struct `The limit of open files` {
    @Test func `is raised as far as the system allows, and never lowered`() throws {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var before = rlimit()
        #expect(getrlimit(resource, &before) == 0)
        let raised = try #require(OpenFileLimit.raise())
        #expect(raised >= before.rlim_cur)
        #expect(raised >= min(before.rlim_max, OpenFileLimit.wanted))
        var after = rlimit()
        #expect(getrlimit(resource, &after) == 0)
        #expect(after.rlim_cur == raised)
        #expect(after.rlim_max == before.rlim_max)
        #expect(OpenFileLimit.raise() == raised)
    }
}
