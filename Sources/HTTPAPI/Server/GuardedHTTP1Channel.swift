import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// A connection of a Hummingbird server behind a ``RequestGuard``.
struct GuardedHTTP1Channel: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: HTTPChannelHandler.Responder
    let judgement: HeadJudgement
    let limits: ServerLimits
    let load: ServerLoad
    let refused: @Sendable (Int, String?) -> Void

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // Answers go out in one write each, so there is nothing to gain from waiting for more.
            try? channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1)  // a unix socket has no such option
            var decoder = NIOHTTPDecoderLimitConfiguration()
            decoder.maxHeaderFieldSize = ServerLimits.largestHead
            decoder.maxHeaderListSize = ServerLimits.largestHead
            decoder.maxHeaderFieldCount = ServerLimits.mostHeaderFields
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: decoder)
            try pipeline.addHandler(RequestGuard(judgement: judgement, limits: limits, load: load, refused: refused))
            try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: limits.idleTimeout, logger: logger))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value, logger: logger)
    }
}

extension HTTPServerBuilder {
    /// A server of guarded connections.
    static func guarded(
        limits: ServerLimits, load: ServerLoad, bodyLimit: @escaping @Sendable (HTTPMethod, String) -> Int,
        refused: @escaping @Sendable (Int, String?) -> Void
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            GuardedHTTP1Channel(
                responder: responder, judgement: HeadJudgement(bodyLimit: bodyLimit), limits: limits, load: load,
                refused: refused)
        }
    }
}
