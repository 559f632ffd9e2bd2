# A small client of the Lambda Runtime API for Ruby functions: jupyter-lambda's own, not AWS's.
#
# Ruby 3.0 and newer, standard library only. It loads the handler that `_HANDLER` names (`file.method` or `file.Module::Class.method`),
# then asks for an event, calls the handler, answers, for ever. An error is told the way AWS's client tells it: the type is
# `Function<Class>` while an event is handled and `Init<Class>` before.
#
# Source: AWS Lambda Developer Guide, "Using the Lambda runtime API" and "AWS Lambda function errors in Ruby".

require "json"
require "net/http"

$stdout.sync = $stderr.sync = true

# What a handler gets as `context:`.
class LambdaContext
  attr_reader :aws_request_id, :invoked_function_arn, :deadline_ms, :client_context, :identity, :function_name, :function_version,
              :memory_limit_in_mb, :log_group_name, :log_stream_name

  def initialize(headers)
    @aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    @invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
    @deadline_ms = headers["Lambda-Runtime-Deadline-Ms"].to_i
    @client_context = parsed(headers["Lambda-Runtime-Client-Context"])
    @identity = parsed(headers["Lambda-Runtime-Cognito-Identity"])
    @function_name = ENV["AWS_LAMBDA_FUNCTION_NAME"]
    @function_version = ENV["AWS_LAMBDA_FUNCTION_VERSION"]
    @memory_limit_in_mb = ENV["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    @log_group_name = ENV["AWS_LAMBDA_LOG_GROUP_NAME"]
    @log_stream_name = ENV["AWS_LAMBDA_LOG_STREAM_NAME"]
  end

  def get_remaining_time_in_millis
    [deadline_ms - (Time.now.to_f * 1000).to_i, 0].max
  end

  private

  def parsed(json)
    JSON.parse(json) if json && !json.empty?
  end
end

# One connection to the Runtime API, kept open.
class RuntimeApi
  ROOT = "/2018-06-01/runtime".freeze

  def initialize(address)
    host, port = address.split(":")
    @http = Net::HTTP.new(host, port.to_i, nil) # no proxy: the API is this environment's own
    @http.read_timeout = nil # an idle environment waits for its next event as long as it lives
    @http.keep_alive_timeout = 3600
    @http.start
  end

  def next_event
    @http.get("#{ROOT}/invocation/next")
  end

  def respond(request_id, body)
    post("/invocation/#{request_id}/response", body)
  end

  def fail_event(request_id, error)
    post("/invocation/#{request_id}/error", JSON.generate(error), error[:errorType])
  end

  def fail_init(error)
    post("/init/error", JSON.generate(error), error[:errorType])
  end

  private

  def post(path, body, error_type = nil)
    headers = { "Content-Type" => "application/json" }
    headers["Lambda-Runtime-Function-Error-Type"] = error_type if error_type
    @http.post(ROOT + path, body, headers)
  end
end

def load_handler(name)
  file, _, path = name.partition(".")
  raise ArgumentError, "Invalid handler #{name}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD" if path.empty?

  task_root = ENV.fetch("LAMBDA_TASK_ROOT")
  $LOAD_PATH.unshift(task_root)
  require File.join(task_root, file)
  owner, _, method_name = path.rpartition(".")
  owner.empty? ? method(method_name) : Object.const_get(owner).method(method_name)
end

def described(error, phase)
  { errorMessage: error.message, errorType: "#{phase}<#{error.class}>", stackTrace: error.backtrace || [] }
end

def handle(api, handler, answer)
  context = LambdaContext.new(answer)
  ENV["_X_AMZN_TRACE_ID"] = answer["Lambda-Runtime-Trace-Id"]
  event = JSON.parse(answer.body)
  api.respond(context.aws_request_id, JSON.generate(handler.call(event: event, context: context)))
rescue StandardError, ScriptError => e
  error = described(e, "Function")
  warn "Error raised from handler method\n#{JSON.generate(error)}"
  api.fail_event(context.aws_request_id, error)
end

api = RuntimeApi.new(ENV.fetch("AWS_LAMBDA_RUNTIME_API"))
begin
  handler = load_handler(ENV.fetch("_HANDLER"))
rescue StandardError, ScriptError => e
  error = described(e, "Init")
  warn "Init error when loading handler #{ENV['_HANDLER']}\n#{JSON.generate(error)}"
  api.fail_init(error)
  exit 1
end

loop { handle(api, handler, api.next_event) }
