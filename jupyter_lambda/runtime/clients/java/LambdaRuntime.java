import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A small client of the Lambda Runtime API for Java functions: jupyter-lambda's own, not AWS's.
 *
 * <p>One file, Java 11 and newer, nothing but the JDK: it is started from its source, so nothing is built. A handler is named
 * {@code package.Class::method} (the method may be left out: {@code handleRequest}). It takes and returns bytes, as AWS's
 * {@code RequestStreamHandler} does, or text:
 *
 * <pre>
 *   void    handle(InputStream in, OutputStream out)                       with or without a third parameter
 *   String  handle(String json)                                            with or without a second one: JSON in, JSON out
 * </pre>
 *
 * <p>The last parameter, if it is a {@code Map}, gets the request's id, deadline, ARN and trace id under the Runtime API's header names
 * (AWS's {@code Context} is in a library of its own, which a package may bring, and which this client does not need). JSON is the
 * handler's business: the JDK has no reader for it.
 *
 * <p>Source: AWS Lambda Developer Guide, "Using the Lambda runtime API" and "Define Lambda function handler in Java".
 */
public final class LambdaRuntime {
    private static final String[] CONTEXT_HEADERS = {
        "Lambda-Runtime-Aws-Request-Id", "Lambda-Runtime-Deadline-Ms", "Lambda-Runtime-Invoked-Function-Arn", "Lambda-Runtime-Trace-Id",
    };

    private final String root = "http://" + System.getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime";

    public static void main(String[] arguments) throws Exception {
        new LambdaRuntime().serve(System.getenv("_HANDLER"));
    }

    private void serve(String name) throws Exception {
        Handler handler;
        try {
            handler = Handler.load(name, System.getenv("LAMBDA_TASK_ROOT"));
        } catch (Throwable error) {
            report(error);
            post("/init/error", described(error).getBytes(StandardCharsets.UTF_8), error.getClass().getName());
            System.exit(1);
            return;
        }
        while (true) {
            HttpURLConnection next = open("/invocation/next");
            byte[] event = next.getInputStream().readAllBytes();
            String invocation = "/invocation/" + next.getHeaderField("Lambda-Runtime-Aws-Request-Id");
            try {
                byte[] result = handler.call(event, context(next));
                System.out.flush();
                post(invocation + "/response", result, null);
            } catch (Throwable error) {
                report(error);
                post(invocation + "/error", described(error).getBytes(StandardCharsets.UTF_8), error.getClass().getName());
            }
        }
    }

    private static Map<String, String> context(HttpURLConnection answer) {
        Map<String, String> context = new java.util.TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String header : CONTEXT_HEADERS) {
            String value = answer.getHeaderField(header);
            if (value != null) {
                context.put(header, value);
            }
        }
        return context;
    }

    private HttpURLConnection open(String path) throws Exception {
        return (HttpURLConnection) new URL(root + path).openConnection(Proxy.NO_PROXY);
    }

    private void post(String path, byte[] body, String errorType) throws Exception {
        HttpURLConnection connection = open(path);
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.setFixedLengthStreamingMode(body.length);
        connection.setRequestProperty("Content-Type", "application/json");
        if (errorType != null) {
            connection.setRequestProperty("Lambda-Runtime-Function-Error-Type", errorType);
        }
        connection.getOutputStream().write(body);
        InputStream answer = connection.getResponseCode() < 400 ? connection.getInputStream() : connection.getErrorStream();
        if (answer != null) {
            answer.readAllBytes(); // else the connection is not used again
        }
    }

    /** The stack trace in the function's log, as the JVM would print it. */
    private static void report(Throwable error) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        error.printStackTrace(new PrintStream(text, true, StandardCharsets.UTF_8));
        System.err.print(text.toString(StandardCharsets.UTF_8));
        System.err.flush();
    }

    private static String described(Throwable error) {
        List<String> trace = new ArrayList<>();
        for (StackTraceElement frame : error.getStackTrace()) {
            trace.add(quoted(frame.toString()));
        }
        String cause = error.getCause() == null ? "" : ",\"cause\":" + described(error.getCause());
        return "{\"errorMessage\":" + quoted(error.getMessage()) + ",\"errorType\":" + quoted(error.getClass().getName())
            + ",\"stackTrace\":[" + String.join(",", trace) + "]" + cause + "}";
    }

    private static String quoted(String text) {
        if (text == null) {
            return "null";
        }
        StringBuilder json = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            if (letter == '"' || letter == '\\') {
                json.append('\\').append(letter);
            } else if (letter < ' ') {
                json.append(String.format("\\u%04x", (int) letter));
            } else {
                json.append(letter);
            }
        }
        return json.append('"').toString();
    }

    /** The function's own method, found by name. */
    private static final class Handler {
        private final Object instance;
        private final Method method;
        private final boolean streams;

        private Handler(Object instance, Method method) {
            this.instance = instance;
            this.method = method;
            this.streams = method.getParameterTypes()[0] == InputStream.class;
        }

        static Handler load(String name, String taskRoot) throws Exception {
            String[] parts = name.split("::", 2);
            String wanted = parts.length > 1 ? parts[1] : "handleRequest";
            Class<?> owner = Class.forName(parts[0], true, new URLClassLoader(classPath(taskRoot), LambdaRuntime.class.getClassLoader()));
            for (Method method : owner.getMethods()) {
                if (method.getName().equals(wanted) && fits(method.getParameterTypes())) {
                    boolean isStatic = Modifier.isStatic(method.getModifiers());
                    return new Handler(isStatic ? null : owner.getDeclaredConstructor().newInstance(), method);
                }
            }
            throw new NoSuchMethodException(
                "No public method named " + wanted + " that takes a String, or an InputStream and an OutputStream, on class " + parts[0]);
        }

        private static boolean fits(Class<?>[] parameters) {
            return parameters.length > 0 && (parameters[0] == String.class
                || parameters.length > 1 && parameters[0] == InputStream.class && parameters[1] == OutputStream.class);
        }

        private static URL[] classPath(String taskRoot) throws Exception {
            List<URL> found = new ArrayList<>();
            found.add(new File(taskRoot + "/").toURI().toURL());
            File[] jars = new File(taskRoot, "lib").listFiles((folder, file) -> file.endsWith(".jar"));
            for (File jar : jars == null ? new File[0] : jars) {
                found.add(jar.toURI().toURL());
            }
            return found.toArray(new URL[0]);
        }

        byte[] call(byte[] event, Map<String, String> context) throws Throwable {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            List<Object> arguments = new ArrayList<>();
            if (streams) {
                arguments.add(new ByteArrayInputStream(event));
                arguments.add(out);
            } else {
                arguments.add(new String(event, StandardCharsets.UTF_8));
            }
            Class<?>[] parameters = method.getParameterTypes();
            while (arguments.size() < parameters.length) {
                arguments.add(parameters[arguments.size()] == Map.class ? context : null);
            }
            try {
                Object result = method.invoke(instance, arguments.toArray());
                return streams ? out.toByteArray() : String.valueOf(result).getBytes(StandardCharsets.UTF_8);
            } catch (InvocationTargetException error) {
                throw error.getCause();
            }
        }
    }
}
