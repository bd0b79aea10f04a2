import NIOCore
import NIOPosix

/// The event loop of commands that are no nodes.
var toolLoop: any EventLoop { MultiThreadedEventLoopGroup.singleton.next() }
