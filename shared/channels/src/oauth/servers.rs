//! The OAuth servers of the platforms, as data. Each says where its facts are from; scopes are those that the channel's calls take.

use super::{ClientAuth, Endpoint, OAuth};

const BLANK: &str = " ";
const COMMA: &str = ",";

/// What most have in common. Its addresses are each one's own to say.
const PLAIN: OAuth = OAuth {
    authorize: Endpoint::of_account("oauth/authorize"),
    token: Endpoint::of_account("oauth/token"),
    version: "",
    scopes: &[],
    separator: BLANK,
    pkce: false,
    client_auth: ClientAuth::Body,
    client_id_name: "client_id",
    extra: &[],
    token_extra: &[],
    who_at: &[],
};

/// X's developer platform, "OAuth 2.0 Authorization Code Flow with PKCE": a code lives 30 seconds, a refresh token is given for
/// `offline.access` only, a public client has no secret.
pub(crate) static X: OAuth = OAuth {
    authorize: Endpoint::at("https://x.com", "i/oauth2/authorize"),
    token: Endpoint::of_account("{version}/oauth2/token"),
    version: "2",
    scopes: &["tweet.read", "tweet.write", "users.read", "offline.access", "media.write"],
    pkce: true,
    client_auth: ClientAuth::Basic,
    ..PLAIN
};

const LINKEDIN_SERVER: &str = "https://www.linkedin.com";

/// For a member. Microsoft Learn, "LinkedIn 3-Legged OAuth Flow" and "Share on LinkedIn". LinkedIn has PKCE for native apps alone.
pub(crate) static LINKEDIN: OAuth = OAuth {
    authorize: Endpoint::at(LINKEDIN_SERVER, "oauth/v2/authorization"),
    token: Endpoint::at(LINKEDIN_SERVER, "oauth/v2/accessToken"),
    scopes: &["openid", "profile", "w_member_social"],
    ..PLAIN
};

/// For a page. Microsoft Learn, "Community Management API": to post, to read what is out, and to see the roles.
pub(crate) static LINKEDIN_PAGE: OAuth =
    OAuth { scopes: &["w_organization_social", "r_organization_social", "rw_organization_admin"], ..LINKEDIN };

/// Meta, "Manually Build a Login Flow", "Pages API": a person's token, by which the page's is had.
pub(crate) static FACEBOOK: OAuth = OAuth {
    authorize: Endpoint::at("https://www.facebook.com", "{version}/dialog/oauth"),
    token: Endpoint::of_account("{version}/oauth/access_token"),
    version: "v25.0",
    scopes: &[
        "pages_show_list",
        "pages_read_engagement",
        "pages_manage_posts",
        "pages_manage_engagement",
        "pages_read_user_content",
    ],
    separator: COMMA,
    ..PLAIN
};

/// Instagram's own login. Meta, "Business Login for Instagram": a token of an hour, which is exchanged for one of 60 days.
pub(crate) static INSTAGRAM: OAuth = OAuth {
    authorize: Endpoint::at("https://www.instagram.com", "oauth/authorize"),
    token: Endpoint::at("https://api.instagram.com", "oauth/access_token"),
    scopes: &["instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_comments"],
    separator: COMMA,
    who_at: &["/user_id"],
    ..PLAIN
};

/// The other login to Instagram. Meta, "Instagram API with Facebook Login": the token is that of the page that the account belongs to.
pub(crate) static INSTAGRAM_BY_FACEBOOK: OAuth = OAuth {
    scopes: &[
        "instagram_basic",
        "instagram_content_publish",
        "instagram_manage_comments",
        "pages_show_list",
        "pages_read_engagement",
    ],
    ..FACEBOOK
};

/// Meta, "Threads API: Get Access Tokens": a token of an hour, which is exchanged for one of 60 days.
pub(crate) static THREADS: OAuth = OAuth {
    authorize: Endpoint::at("https://threads.net", "oauth/authorize"),
    token: Endpoint::of_account("oauth/access_token"),
    scopes: &["threads_basic", "threads_content_publish", "threads_manage_replies", "threads_read_replies"],
    separator: COMMA,
    who_at: &["/user_id"],
    ..PLAIN
};

/// TikTok for Developers, "Login Kit for Web" and "Manage User Access Tokens": PKCE is for apps on a device. A person may leave single
/// scopes out.
pub(crate) static TIKTOK: OAuth = OAuth {
    authorize: Endpoint::at("https://www.tiktok.com", "v2/auth/authorize/"),
    token: Endpoint::of_account("{version}/oauth/token/"),
    version: "v2",
    scopes: &["user.info.basic", "video.publish", "video.upload", "video.list"],
    separator: COMMA,
    client_id_name: "client_key",
    who_at: &["/open_id"],
    ..PLAIN
};

/// Google Identity, "Using OAuth 2.0 for Web Server Applications". A refresh token is given with `offline` only, and for certain only
/// when the person is asked anew. `youtube.upload` alone may not make a video public.
pub(crate) static YOUTUBE: OAuth = OAuth {
    authorize: Endpoint::at("https://accounts.google.com", "o/oauth2/v2/auth"),
    token: Endpoint::at(crate::google::tokens::AUTH, "token"),
    scopes: &["https://www.googleapis.com/auth/youtube"],
    pkce: true,
    extra: &[("access_type", "offline"), ("prompt", "consent")],
    ..PLAIN
};

/// As [`YOUTUBE`]; the scope by "Business Profile APIs: Implement OAuth".
pub(crate) static GOOGLE_BUSINESS: OAuth =
    OAuth { scopes: &["https://www.googleapis.com/auth/business.manage"], ..YOUTUBE };

/// Reddit's wiki, "OAuth2": a refresh token is given for `permanent` only.
pub(crate) static REDDIT: OAuth = OAuth {
    authorize: Endpoint::at("https://www.reddit.com", "api/v1/authorize"),
    token: Endpoint::at("https://www.reddit.com", "api/v1/access_token"),
    scopes: &["identity", "submit", "read", "history", "flair"],
    client_auth: ClientAuth::Basic,
    extra: &[("duration", "permanent")],
    ..PLAIN
};

/// Pinterest Developers, "Authentication": with `continuous_refresh` the refresh token of an older app, too, can be renewed without end.
pub(crate) static PINTEREST: OAuth = OAuth {
    authorize: Endpoint::at("https://www.pinterest.com", "oauth/"),
    token: Endpoint::of_account("{version}/oauth/token"),
    version: "v5",
    scopes: &["boards:read", "boards:write", "pins:read", "pins:write", "user_accounts:read"],
    separator: COMMA,
    client_auth: ClientAuth::Basic,
    token_extra: &[("continuous_refresh", "true")],
    ..PLAIN
};

/// Mastodon's documentation, "OAuth" and "OAuth Scopes". Servers before 4.3 ignore PKCE. An app is registered with each server.
pub(crate) static MASTODON: OAuth =
    OAuth { scopes: &["write:statuses", "write:media", "read:statuses", "read:accounts"], pkce: true, ..PLAIN };

/// Slack, "Installing with OAuth" (v2): the scopes are the bot's.
pub(crate) static SLACK: OAuth = OAuth {
    authorize: Endpoint::at("https://slack.com", "oauth/v2/authorize"),
    token: Endpoint::of_account("api/oauth.v2.access"),
    scopes: &["chat:write", "channels:history", "files:write", "files:read"],
    separator: COMMA,
    client_auth: ClientAuth::Basic,
    who_at: &["/team/name"],
    ..PLAIN
};
