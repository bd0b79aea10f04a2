/// The one envelope of every error answer.
package enum ErrorJSON {
    /// `{"statusCode":400,"error":"BadRequestException","messages":[...]}`
    package static func body(status: Int, messages: [String]) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.object { root in
            root.member("statusCode", Int64(status))
            root.member("error", name(ofStatus: status))
            root.array("messages") { list in
                for message in messages { list.string(message) }
            }
        }
        return writer.bytes
    }

    /// The name that goes with a status; of one that the API does not use, the name of an internal error.
    package static func name(ofStatus status: Int) -> String {
        switch status {
        case 400: "BadRequestException"
        case 401: "UnauthorizedException"
        case 403: "ForbiddenException"
        case 404: "NotFoundException"
        case 405: "MethodNotAllowedException"
        case 409: "ConflictException"
        case 413: "PayloadTooLargeException"
        case 414: "UriTooLongException"
        case 415: "UnsupportedMediaTypeException"
        case 429: "TooManyRequestsException"
        case 431: "RequestHeaderFieldsTooLargeException"
        case 503: "ServiceUnavailableException"
        default: "InternalServerErrorException"
        }
    }
}

extension RequestRefused {
    /// The HTTP status that it is answered with.
    package var status: Int {
        switch kind {
        case .badRequest: 400
        case .payloadTooLarge: 413
        }
    }
}
