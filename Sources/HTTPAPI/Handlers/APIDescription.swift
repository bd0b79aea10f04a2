import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// The description of the API that a node serves: for programs as OpenAPI, for people as a page made from it.
///
/// Both are embedded in the program. The page needs nothing but itself: no script, no font, no image, and the policy that
/// it is sent with lets a browser load nothing else.
enum APIDescription {
    private static let openAPI = ByteBuffer(bytes: PackageResources.openapi_yaml)
    private static let page = ByteBuffer(bytes: PackageResources.page_html)

    /// `GET /openapi.yaml`
    static func openAPIResponse() -> Response {
        response(openAPI, "application/yaml", policy: "default-src 'none'; frame-ancestors 'none'")
    }

    /// `GET /docs`
    static func pageResponse() -> Response {
        response(page, "text/html; charset=utf-8", policy: pagePolicy)
    }

    /// Allows the style sheet in the page, by its hash, and nothing else.
    private static let pagePolicy: String = {
        let text = PackageResources.page_html
        var style: ArraySlice<UInt8> = []
        if let start = text.firstRange(of: Array("<style>".utf8)),
            let end = text[start.upperBound...].firstRange(of: Array("</style>".utf8))
        {
            style = text[start.upperBound..<end.lowerBound]
        }
        let hash = Data(SHA256.hash(data: Array(style))).base64EncodedString()
        return "default-src 'none'; style-src 'sha256-\(hash)'; base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'"
    }()

    private static func response(_ body: ByteBuffer, _ type: String, policy: String) -> Response {
        var headers: HTTPFields = [.contentType: type, .cacheControl: "max-age=300", .contentSecurityPolicy: policy]
        headers[.xContentTypeOptions] = "nosniff"
        headers[.referrerPolicy] = "no-referrer"
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy").unsafelyUnwrapped
}
