-- A home of version 1, as sqlite3 dumps it: never change this file, add one for each later version.
PRAGMA application_id = 1246519661;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE aliases (
    function_name TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (function_name, name)
);
INSERT INTO "aliases" VALUES('resize','prod','{"function_name":"resize","name":"prod","version":"1","additional_version":"2","additional_weight":0.1,"description":"","revision_id":""}');
CREATE TABLE events (
    request_id TEXT PRIMARY KEY, function_name TEXT NOT NULL, accepted REAL NOT NULL, body BLOB NOT NULL
);
INSERT INTO "events" VALUES('event-1','resize',1795600800.0,X'88AA726571756573745F6964A76576656E742D31AD66756E6374696F6E5F6E616D65A6726573697A65A97175616C6966696572C0A77061796C6F6164C40D7B2273696465223A203634307DA86163636570746564CB41DAC1AC68000000A3647565CB41DAC1AC77000000A7617474656D707401A874726163655F6964C0');
CREATE TABLE functions (name TEXT PRIMARY KEY, body TEXT NOT NULL);
INSERT INTO "functions" VALUES('resize','{"name":"resize","latest":{"function_name":"resize","version":"$LATEST","configuration":{"memory_mib":512,"timeout_seconds":10,"ephemeral_mib":512,"handler":"resize.handler","runtime":"python3.11","environment":{"A":"1"},"description":"","sandbox":null,"image":null,"network":null,"layers":[],"mounts":[],"requirements":[]},"package_sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","package_bytes":1234,"content_digest":"d$LATEST","revision_id":"r$LATEST","last_modified":"2026-11-25T10:00:00.000+0000","description":"","python":{"executable":"/opt/venv/bin/python","prefix":"/opt/venv","base_prefix":"/usr","version":"3.11.7","sys_path":["/opt/venv/lib/python3.11/site-packages"]},"preload":[],"requirements_folder":null,"source":"def handler(event, context):\n    return event\n","manifest":{"captured":[{"name":"model","type":"Model","bytes":12}]},"notebook":"lesson.ipynb"},"notebook":"lesson.ipynb","created":"2026-11-25T10:00:00.000+0000","last_version":2,"reserved_concurrency":null}');
CREATE TABLE invocations (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL,
    function_name TEXT NOT NULL,
    arrived REAL NOT NULL,
    status TEXT NOT NULL,
    version TEXT NOT NULL,
    cold INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    init_ms REAL NOT NULL,
    billed_ms INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    max_memory_mib INTEGER NOT NULL,
    record BLOB NOT NULL
);
INSERT INTO "invocations" VALUES(1,'request-1','resize',1795600801.0,'succeeded','1',0,12.5,0.0,13,512,41,X'DE0008AA726571756573745F6964A9726571756573742D31AD66756E6374696F6E5F6E616D65A6726573697A65A776657273696F6EA131A761727269766564CB41DAC1AC68400000AB6475726174696F6E5F6D73CB4029000000000000A962696C6C65645F6D730DAA6D656D6F72795F6D6962CD0200AE6D61785F6D656D6F72795F6D696229');
INSERT INTO "invocations" VALUES(2,'request-2','resize',1795600802.0,'failed','1',0,12.5,0.0,13,512,41,X'DE000BAA726571756573745F6964A9726571756573742D32AD66756E6374696F6E5F6E616D65A6726573697A65A776657273696F6EA131A6737461747573A66661696C6564A761727269766564CB41DAC1AC68800000AB6475726174696F6E5F6D73CB4029000000000000A962696C6C65645F6D730DAA6D656D6F72795F6D6962CD0200AE6D61785F6D656D6F72795F6D696229AA6572726F725F74797065AA56616C75654572726F72AD6572726F725F6D657373616765A4626F6F6D');
CREATE TABLE logs (
    sequence INTEGER PRIMARY KEY,
    function_name TEXT NOT NULL,
    stored_bytes INTEGER NOT NULL,
    compressed INTEGER NOT NULL,
    body BLOB NOT NULL
);
INSERT INTO "logs" VALUES(1,'resize',10,0,X'53544152540A454E440A');
INSERT INTO "logs" VALUES(2,'resize',83,1,X'7801EDD4210E00200C0340BF5F910C8B80BD004FF67FC7474ED636ED9D1ABBE276BF982BE388DA30065F4001094948421292908424242109494842129290842424210949484212929084242461C60702522E39');
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO "settings" VALUES('account','000000000000');
CREATE TABLE versions (
    function_name TEXT NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (function_name, version)
);
INSERT INTO "versions" VALUES('resize','1','{"function_name":"resize","version":"1","configuration":{"memory_mib":512,"timeout_seconds":10,"ephemeral_mib":512,"handler":"resize.handler","runtime":"python3.11","environment":{"A":"1"},"description":"","sandbox":null,"image":null,"network":null,"layers":[],"mounts":[],"requirements":[]},"package_sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","package_bytes":1234,"content_digest":"d1","revision_id":"r1","last_modified":"2026-11-25T10:00:00.000+0000","description":"","python":{"executable":"/opt/venv/bin/python","prefix":"/opt/venv","base_prefix":"/usr","version":"3.11.7","sys_path":["/opt/venv/lib/python3.11/site-packages"]},"preload":[],"requirements_folder":null,"source":"def handler(event, context):\n    return event\n","manifest":{"captured":[{"name":"model","type":"Model","bytes":12}]},"notebook":"lesson.ipynb"}');
INSERT INTO "versions" VALUES('resize','2','{"function_name":"resize","version":"2","configuration":{"memory_mib":512,"timeout_seconds":10,"ephemeral_mib":512,"handler":"resize.handler","runtime":"python3.11","environment":{"A":"1"},"description":"","sandbox":null,"image":null,"network":null,"layers":[],"mounts":[],"requirements":[]},"package_sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","package_bytes":1234,"content_digest":"d2","revision_id":"r2","last_modified":"2026-11-25T10:00:00.000+0000","description":"","python":{"executable":"/opt/venv/bin/python","prefix":"/opt/venv","base_prefix":"/usr","version":"3.11.7","sys_path":["/opt/venv/lib/python3.11/site-packages"]},"preload":[],"requirements_folder":null,"source":"def handler(event, context):\n    return event\n","manifest":{"captured":[{"name":"model","type":"Model","bytes":12}]},"notebook":"lesson.ipynb"}');
CREATE INDEX events_by_function ON events (function_name);
CREATE INDEX invocations_by_request ON invocations (request_id);
CREATE INDEX invocations_by_arrival ON invocations (arrived);
CREATE INDEX invocations_by_function ON invocations (
    function_name, arrived, status, version, cold, duration_ms, init_ms, billed_ms, memory_mib, max_memory_mib
);
CREATE INDEX logs_by_function ON logs (function_name);
CREATE INDEX logs_by_size ON logs (stored_bytes);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('invocations',2);
COMMIT;
